//! `crossmax replicate`: the whole paper in one go.

mod overrides;
mod settings;

use super::common::Common;
use super::fetch::Source;
use super::output::Output;
use super::progress::Progress;
use clap::Args;
use crossmax::replicate::{self, Config, Preview, Reporter, RunDir, Sources, device_of_run};
use crossmax::{Error, Result};
use overrides::Overrides;
use settings::Given;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where runs are kept unless `--out` says otherwise.
const RUNS: &str = "runs";

/// Train, form the self-ensemble, attack it, draw pictures, write summary.json.
///
/// The run directory holds everything: config.toml, metrics.jsonl, checkpoints, weights, the attack's state and
/// images, figures and summary.json. A run that was stopped or killed goes on with --resume, with the same result
/// to the bit.
#[derive(Args)]
#[command(after_help = EXAMPLES, allow_negative_numbers = true)]
pub struct Arguments {
    /// Settings to begin with: pocket, cifar100-small, cifar100, cifar10 or mnist (see below). auto takes cifar100 where a
    /// CUDA device with enough memory is there, and the weights and the data are there or can be fetched; else, and
    /// wherever --data is given, pocket [default: auto]
    #[arg(long, value_name = "auto|NAME")]
    preset: Option<String>,
    /// A TOML file with settings that differ from the preset's, laid out as a run's config.toml; paths in it are relative
    /// to its folder
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// `drawn`, the built-in data set; `cifar100`, `cifar10` or `mnist`, fetched if missing; or a file or folder with
    /// images (one with such a name is ./NAME); what it is is found out (see below)
    #[arg(long, value_name = "drawn|NAME|PATH")]
    data: Option<String>,
    /// Directory of the run [default: the first free of runs/PRESET, runs/PRESET-2, …]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with a run that was stopped, under its own settings [default: the newest in runs/]
    #[arg(long, value_name = "DIR")]
    resume: Option<Option<PathBuf>>,
    /// Print the settings, the memory and the work of the run and what it lacks, and do nothing
    #[arg(long, conflicts_with = "resume")]
    dry_run: bool,
    #[command(flatten)]
    overrides: Overrides,
    #[command(flatten)]
    source: Source,
}

const EXAMPLES: &str = "\
Presets:
  pocket           a small network on drawn images: minutes on two cores, no download
  cifar100-small   a ResNet-20 on all photos of CIFAR-100: twenty minutes on two cores
  cifar100         the authors' notebook: ResNet152 with ImageNet weights at 224×224 pixels, for a GPU
  cifar10, mnist   the same with other data

Data that are read:
  CIFAR-10, CIFAR-100     the binary or the python layout: the folder, or the .tar.gz as published
  MNIST, Fashion-MNIST    a folder with the IDX files, packed (.gz) or not
  class folders           FOLDER/train/CLASS/*.png and FOLDER/test/CLASS/*.png, or FOLDER/CLASS/*.png; PNG or JPEG
  .safetensors, .npz      `images` and `labels`, or train_images, train_labels, test_images, test_labels

Examples:
  crossmax replicate                                  drawn data, a few minutes on two cores
  crossmax replicate --data cifar100                  CIFAR-100 photos, fetched into the cache folder if missing
  crossmax replicate --data cifar-100-python.tar.gz   the same from a file
  crossmax replicate --data photos --classes cat,dog --limit 500 --image-size 32
  crossmax replicate --attack-images 8 --iterations 20 --eps 4/255 --out runs/quick
  crossmax replicate --config mine.toml --seed 1 --json > result.json
  crossmax replicate --preset cifar100 --dry-run      what the paper's own model needs of this machine
  crossmax replicate --preset cifar100 --weights resnet152.safetensors --data cifar-100-python.tar.gz
  crossmax replicate --device cuda                    on the first GPU
  crossmax replicate --resume                         go on with the newest run
  crossmax replicate --resume runs/pocket-2           go on with that one";

/// Runs the command.
pub fn run(arguments: &Arguments, common: &Common, output: Output) -> Result<()> {
    let progress = Progress::new(output);
    let (config, out, device) = match &arguments.resume {
        Some(wanted) => {
            arguments.refuse_changes(common)?;
            let (config, out) = resumed(wanted.as_deref())?;
            let device = common.open_device_of_run(device_of_run(&out)?.as_deref(), &progress)?;
            (config, out, device)
        }
        None => {
            // Before a folder is made for the run.
            let device = common.open_device(&progress)?;
            // Without a folder for caches nothing can be fetched, which matters only where something is to be.
            let sources = Sources::new(arguments.source.options().ok())?;
            let given = Given {
                arguments,
                common,
                device: &device,
                sources: &sources,
                progress: &progress,
            };
            if arguments.dry_run {
                let preview = Preview::of(&given.settings()?, &device, &sources)?;
                return output.result(&preview.to_text()?, &preview.to_json());
            }
            let config = given.settings_with_files()?;
            let out = match &arguments.out {
                Some(out) => out.clone(),
                None => claim_first_free(Path::new(RUNS), &config.preset)?,
            };
            (config, out, device)
        }
    };
    progress.line(&format!("run directory: {}", out.display()));
    let resume = arguments.resume.is_some();
    let outcome = replicate::run(&config, &out, resume, &device, &progress).inspect_err(|_| {
        // Folders made for a run that failed before it began go again; those with anything in them stay.
        if arguments.out.is_none() {
            let _ = std::fs::remove_dir(&out).and_then(|()| std::fs::remove_dir(RUNS));
        }
    })?;
    output.result(&outcome.text, &outcome.summary)
}

impl Arguments {
    /// Refuses flags that would change the settings of a run that goes on.
    fn refuse_changes(&self, common: &Common) -> Result<()> {
        let named = [&self.preset, &self.data].into_iter().any(Option::is_some);
        let placed = [&self.config, &self.out].into_iter().any(Option::is_some);
        if named || placed || common.seed.is_some() || self.overrides != Overrides::default() {
            let told = "--resume goes on under the settings in the run's config.toml; leave the flags that change \
                        settings away, or start a new run without --resume";
            return Err(Error::Usage(told.into()));
        }
        Ok(())
    }
}

/// Settings and directory of a run that is there: the one wanted, or the newest.
fn resumed(wanted: Option<&Path>) -> Result<(Config, PathBuf)> {
    let out = match wanted {
        Some(directory) => directory.to_path_buf(),
        None => newest(Path::new(RUNS))?,
    };
    let config = Config::load(&RunDir::open(&out)?.config_path())?;
    Ok((config, out))
}

/// Makes the first of the folders `name`, `name-2`, `name-3`, … that is not in `folder`, so that no other process
/// takes it.
fn claim_first_free(folder: &Path, name: &str) -> Result<PathBuf> {
    crossmax::io::atomic::create_folder(folder)?;
    let mut path = folder.join(name);
    let mut number = 2_u64;
    loop {
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io(path, "create the folder", error)),
        }
        path = folder.join(format!("{name}-{number}"));
        number += 1;
    }
}

/// The run in `folder` that was begun last: its config.toml is written then and never again.
fn newest(folder: &Path) -> Result<PathBuf> {
    let begun = |run: &Path| {
        std::fs::metadata(run.join("config.toml"))
            .and_then(|file| file.modified())
            .ok()
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let runs = entries.filter_map(|entry| Some((begun(&entry.path())?, entry.path())));
    runs.max().map(|(_, run)| run).ok_or_else(|| {
        Error::format(
            folder,
            "a run to go on with",
            "none",
            "name its directory, or start one without --resume",
        )
    })
}
