//! What a file of weights may name.

use crate::io::NumberType;
use crate::io::pickle::Global;

const fn global(module: &'static str, name: &'static str) -> Global {
    Global { module, name }
}

/// Python's dict that keeps its order: what a state dict is.
pub const ORDERED_DICT: Global = global("collections", "OrderedDict");
/// A tensor as a view of a storage.
pub const TENSOR: Global = global("torch._utils", "_rebuild_tensor_v2");
/// The same as PyTorch before 0.4 wrote it.
pub const OLD_TENSOR: Global = global("torch._utils", "_rebuild_tensor");
/// A tensor that is learned.
pub const PARAMETER: Global = global("torch._utils", "_rebuild_parameter");

/// All that may be named. Besides weights, files of a training hold an optimiser's state and a few numbers of
/// numpy's, which are not looked at.
pub const PYTORCH: &[Global] = &[
    ORDERED_DICT,
    TENSOR,
    OLD_TENSOR,
    PARAMETER,
    global("torch", "Size"),
    global("torch", "DoubleStorage"),
    global("torch", "FloatStorage"),
    global("torch", "HalfStorage"),
    global("torch", "BFloat16Storage"),
    global("torch", "LongStorage"),
    global("torch", "IntStorage"),
    global("torch", "ShortStorage"),
    global("torch", "CharStorage"),
    global("torch", "ByteStorage"),
    global("torch", "BoolStorage"),
    global("collections", "defaultdict"),
    global("numpy.core.multiarray", "scalar"),
    global("numpy._core.multiarray", "scalar"),
    global("numpy", "dtype"),
    global("_codecs", "encode"),
];

/// The type of the numbers in a storage of the class `class`.
pub fn number_type(class: Global) -> Option<NumberType> {
    if class.module != "torch" {
        return None;
    }
    Some(match class.name {
        "DoubleStorage" => NumberType::F64,
        "FloatStorage" => NumberType::F32,
        "HalfStorage" => NumberType::F16,
        "BFloat16Storage" => NumberType::BF16,
        "LongStorage" => NumberType::I64,
        "IntStorage" => NumberType::I32,
        "ShortStorage" => NumberType::I16,
        "CharStorage" => NumberType::I8,
        "ByteStorage" => NumberType::U8,
        "BoolStorage" => NumberType::Bool,
        _ => return None,
    })
}
