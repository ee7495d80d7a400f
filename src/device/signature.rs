//! What ties a kernel's entry point to the struct that Rust passes to it.

use super::{Accelerator, LaunchDims};
use crate::Result;
use bytemuck::{Pod, Zeroable};
use std::fmt::Write as _;
use std::marker::PhantomData;

/// A pointer of the device, as a field of an argument struct (a `T*` in the kernel).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(transparent)]
pub struct DeviceAddress(pub u64);

impl DeviceAddress {
    /// The null pointer: an argument that is left out.
    pub const NULL: Self = Self(0);
}

/// A struct that kernels take by value; implemented by the macro `kernel_args!`.
pub trait KernelArgs: Pod {
    /// The struct's name in CUDA C++ and the place of each field.
    const LAYOUT: StructLayout;
}

/// Name, size and fields of a struct, as Rust laid it out.
#[derive(Clone, Copy, Debug)]
pub struct StructLayout {
    /// Name, the same in Rust and in CUDA C++.
    pub name: &'static str,
    /// Size in bytes.
    pub size: usize,
    /// The fields in order.
    pub fields: &'static [FieldLayout],
}

/// Place of one field of a struct.
#[derive(Clone, Copy, Debug)]
pub struct FieldLayout {
    /// Name, the same in Rust and in CUDA C++.
    pub name: &'static str,
    /// Distance from the struct's begin, in bytes.
    pub offset: usize,
    /// Size in bytes.
    pub size: usize,
}

/// Defines an argument struct: `#[repr(C)]`, plain data without padding (checked when the crate is
/// compiled), with its [`StructLayout`] (checked against the `.cu` file when that is compiled).
macro_rules! kernel_args {
    ($(#[$struct_attribute:meta])* pub struct $name:ident {
        $($(#[$field_attribute:meta])* pub $field:ident: $kind:ty,)+
    }) => {
        $(#[$struct_attribute])*
        #[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
        #[repr(C)]
        pub struct $name {
            $($(#[$field_attribute])* pub $field: $kind,)+
        }

        impl $crate::device::KernelArgs for $name {
            const LAYOUT: $crate::device::StructLayout = $crate::device::StructLayout {
                name: stringify!($name),
                size: size_of::<$name>(),
                fields: &[$($crate::device::FieldLayout {
                    name: stringify!($field),
                    offset: std::mem::offset_of!($name, $field),
                    size: size_of::<$kind>(),
                },)+],
            };
        }
    };
}
pub(crate) use kernel_args;

/// Which kernel, and what it takes; the untyped side of a [`Kernel`], and made by it alone, so that
/// an [`Accelerator`] can trust that the kernel was compiled for this struct.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    source: &'static str,
    entry: &'static str,
    args: StructLayout,
    least_capability: (u32, u32),
}

impl Signature {
    /// File in `kernels/`, for example `conv2d.cu`.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Name of the `extern "C" __global__` function.
    pub fn entry(&self) -> &'static str {
        self.entry
    }

    /// Layout of its one argument.
    pub fn args(&self) -> StructLayout {
        self.args
    }

    /// The first compute capability, major and minor, that the kernel is compiled for.
    pub fn least_capability(&self) -> (u32, u32) {
        self.least_capability
    }

    /// CUDA C++ declarations that fail to compile unless the kernel takes exactly this struct,
    /// laid out as in Rust.
    pub(super) fn contract(&self) -> String {
        let StructLayout { name, size, fields } = self.args;
        let entry = self.entry;
        let mut text = format!("static_assert(sizeof({name}) == {size}, \"size of {name}\");\n");
        for field in fields {
            let FieldLayout {
                name: f,
                offset,
                size,
            } = field;
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "static_assert(FIELD_OFFSET({name}, {f}) == {offset} && sizeof({name}::{f}) == {size}, \
                 \"{name}::{f}\");"
            );
        }
        // With C linkage a second declaration must have the same parameters as the first.
        let _ = writeln!(
            text,
            "extern \"C\" __global__ void {entry}(const __grid_constant__ {name});"
        );
        text
    }
}

/// A kernel whose argument struct is `A`.
pub struct Kernel<A> {
    signature: Signature,
    args: PhantomData<fn(A)>,
}

impl<A: KernelArgs> Kernel<A> {
    /// The function `entry` of the file `source` in `kernels/`; to be listed in that file's
    /// `SIGNATURES`, which the compiled source is checked against.
    pub(super) const fn new(source: &'static str, entry: &'static str) -> Self {
        Self {
            signature: Signature {
                source,
                entry,
                args: A::LAYOUT,
                least_capability: (0, 0),
            },
            args: PhantomData,
        }
    }

    /// The same kernel, where its file has it from this compute capability on.
    pub(super) const fn since_capability(mut self, major: u32, minor: u32) -> Self {
        self.signature.least_capability = (major, minor);
        self
    }

    /// The untyped side of this kernel.
    pub const fn signature(&self) -> Signature {
        self.signature
    }

    /// Starts the kernel; `args` is copied before this returns.
    ///
    /// # Errors
    /// Those of [`Accelerator::launch`].
    pub fn launch(&self, accelerator: &dyn Accelerator, dims: LaunchDims, args: &A) -> Result<()> {
        accelerator.launch(&self.signature, dims, bytemuck::bytes_of(args))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    kernel_args! {
        /// Arguments of a kernel that does not exist.
        pub struct ExampleArgs {
            /// A buffer.
            pub x: DeviceAddress,
            /// Two numbers.
            pub size: [u32; 2],
        }
    }

    #[test]
    fn the_contract_states_size_offsets_and_parameter() {
        let kernel = Kernel::<ExampleArgs>::new("example.cu", "example");
        assert_eq!(
            kernel.signature().contract(),
            "static_assert(sizeof(ExampleArgs) == 16, \"size of ExampleArgs\");\n\
             static_assert(FIELD_OFFSET(ExampleArgs, x) == 0 && sizeof(ExampleArgs::x) == 8, \"ExampleArgs::x\");\n\
             static_assert(FIELD_OFFSET(ExampleArgs, size) == 8 && sizeof(ExampleArgs::size) == 8, \
             \"ExampleArgs::size\");\n\
             extern \"C\" __global__ void example(const __grid_constant__ ExampleArgs);\n"
        );
    }
}
