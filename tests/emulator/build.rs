//! Compiles the CUDA kernels as C++, together with the emulator's runtime: those of `kernels/`, their
//! mutations, and the emulator's own test kernels.

#[path = "src/mutations.rs"]
mod mutations;

use mutations::{MUTATIONS, Mutation, VARIANTS};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A `.cu` file to compile, as it stands or changed.
struct Unit {
    /// Name of the change; empty for the file as it stands.
    variant: &'static str,
    path: PathBuf,
}

fn main() -> Result<()> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let kernels = here.join("../../kernels");
    let runtime = here.join("runtime");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/mutations.rs");

    let mut units = Vec::new();
    for folder in [&kernels, &here.join("probes"), &here.join("wrong_kernels")] {
        let sources = files(folder, &["cu", "cuh"])?;
        let sources = sources.into_iter().filter(|path| has_extension(path, &["cu"]));
        units.extend(sources.map(|path| Unit { variant: "", path }));
    }
    for mutation in MUTATIONS.iter().chain(VARIANTS) {
        units.push(mutated(mutation, &kernels, &out)?);
    }

    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .opt_level(2)
        .debug(false)
        .warnings(true)
        .extra_warnings(true)
        .include(&runtime)
        .include(&kernels)
        .flag("-ftls-model=initial-exec")
        .flag("-fno-strict-aliasing")
        .flag("-ffp-contract=off")
        .flag("-fno-math-errno")
        .flag("-Wno-unknown-pragmas")
        // Kernels take structs with tensor maps by value, aligned to 64 bytes.
        .flag("-Wno-psabi")
        // A misaligned access is a trap, which the runtime reports; a GPU refuses it too.
        .flag("-fsanitize=alignment")
        .flag("-fsanitize-undefined-trap-on-error");
    let runtime_files = files(&runtime, &["cpp", "hpp"])?;
    build.files(runtime_files.iter().filter(|path| has_extension(path, &["cpp"])));
    for (number, unit) in units.iter().enumerate() {
        build.file(wrapper(number, unit, &out)?);
    }
    build.file(table(units.len(), &out)?);
    build.try_compile("crossmax_emulator")?;
    Ok(())
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.contains(&extension))
}

/// The files of a folder with one of these extensions, sorted; the build is repeated when one changes.
fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| has_extension(path, extensions));
    paths.sort();
    for path in &paths {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    Ok(paths)
}

/// Copies `kernels` to a folder of its own with the mutation in it. Headers are included from the
/// folder of the file that includes them, so the copy is complete in itself.
fn mutated(mutation: &Mutation, kernels: &Path, out: &Path) -> Result<Unit> {
    let folder = out.join("mutations").join(mutation.name);
    fs::create_dir_all(&folder)?;
    for path in files(kernels, &["cu", "cuh"])? {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let mut text = fs::read_to_string(&path)?;
        if name == mutation.file {
            if text.matches(mutation.from).count() != 1 {
                let Mutation { name, file, from, .. } = mutation;
                let message = format!(
                    "mutation {name}: expected `{from}` once in kernels/{file}; adapt it in \
                     tests/emulator/src/mutations.rs"
                );
                return Err(message.into());
            }
            text = text.replacen(mutation.from, mutation.to, 1);
        }
        fs::write(folder.join(name), text)?;
    }
    Ok(Unit {
        variant: mutation.name,
        path: folder.join(mutation.source),
    })
}

/// An entry point, as its source declares it.
struct Entry {
    name: String,
    /// The first argument of its `__launch_bounds__`.
    most_threads: String,
}

fn entries(text: &str) -> Vec<Entry> {
    let declarations = text.split("extern \"C\" __global__ void ").skip(1);
    let entry = |rest: &str| {
        let bounds = rest
            .strip_prefix("__launch_bounds__(")
            .and_then(|rest| rest.split_once(')'));
        let (most_threads, rest) = match bounds {
            Some((bounds, rest)) => (bounds.split(',').next().unwrap_or(bounds), rest),
            None => ("1024", rest),
        };
        Entry {
            name: rest.split('(').next().unwrap_or_default().trim().to_owned(),
            most_threads: most_threads.trim().to_owned(),
        }
    };
    declarations.map(entry).collect()
}

/// Writes the C++ file for a unit: its entry points get names of their own, since several variants
/// are linked together, and a table.
fn wrapper(number: usize, unit: &Unit, out: &Path) -> Result<PathBuf> {
    let text = fs::read_to_string(&unit.path)?;
    let source = unit
        .path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let entries = entries(&text);
    if entries.is_empty() {
        return Err(format!("{}: expected an entry point, found none", unit.path.display()).into());
    }
    let mut cpp = String::from("#include \"cuda.hpp\"\n");
    for Entry { name, .. } in &entries {
        writeln!(cpp, "#define {name} unit{number}_{name}")?;
    }
    // Without a namespace of its own, what variants call alike would be one function for the linker.
    let path = unit.path.canonicalize()?;
    writeln!(cpp, "namespace {{\n#include {path:?}\n}}")?;
    writeln!(cpp, "namespace emulator {{\nstatic const Kernel KERNELS[] = {{")?;
    for Entry { name, most_threads } in &entries {
        let call = format!("Call<unit{number}_{name}>");
        let variant = unit.variant;
        writeln!(
            cpp,
            "    {{{variant:?}, {source:?}, {name:?}, {call}::ARGS_BYTES, {most_threads}, {call}::with}},"
        )?;
    }
    let count = entries.len();
    writeln!(
        cpp,
        "}};\nextern const KernelTable TABLE_{number} = {{KERNELS, {count}}};\n}}"
    )?;
    write(out.join(format!("unit{number}.cpp")), &cpp)
}

/// Writes the list of all units' tables.
fn table(units: usize, out: &Path) -> Result<PathBuf> {
    let mut cpp = String::from("#include \"kernel_table.hpp\"\nnamespace emulator {\n");
    for number in 0..units {
        writeln!(cpp, "extern const KernelTable TABLE_{number};")?;
    }
    writeln!(cpp, "const KernelTable* const KERNEL_TABLES[] = {{")?;
    for number in 0..units {
        writeln!(cpp, "    &TABLE_{number},")?;
    }
    writeln!(cpp, "    nullptr,\n}};\n}}")?;
    write(out.join("kernel_table.cpp"), &cpp)
}

fn write(path: PathBuf, text: &str) -> Result<PathBuf> {
    fs::write(&path, text)?;
    Ok(path)
}
