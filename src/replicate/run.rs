//! A whole run, stage by stage.

use super::checkpoint;
use super::data::open_data;
use super::evaluate::{accuracy, ensemble_accuracy};
use super::files::{self, DataFacts};
use super::pretrained::{self, Replaced};
use super::run_dir::{RunDir, write_json};
use super::stages::attack::{self, AttackTask, Attacked};
use super::stages::baseline::Baseline;
use super::stages::heads::HeadLearner;
use super::stages::pictures::{self, Material};
use super::stages::prototypes::{self, Prototypes};
use super::stages::surrogate::{self, SurrogateAttack};
use super::stages::votes::{self, ImageVotes};
use super::summary::{CleanAccuracy, Findings};
use super::training::{EpochMetrics, Learner, Schedule, Task, train};
use super::{Config, DataShape, MemoryPlan, Precisions, Reporter, report};
use crate::attacks::{AutoAttackState, LabelledImages};
use crate::data::Dataset;
use crate::device::Device;
use crate::ensemble::{Aggregation, EnsembleClassifier, SelfEnsemble, Stream};
use crate::fetch::file_sha256;
use crate::io::save_module;
use crate::models::ResNet;
use crate::nn::{Init, move_module};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a killed process loses of training, at most, unless writing a checkpoint takes longer than two seconds.
const SAVE_EVERY: Duration = Duration::from_secs(60);

/// What a finished run gives its caller.
pub struct Outcome {
    /// The content of `summary.json`.
    pub summary: serde_json::Value,
    /// The same as a table for people.
    pub text: String,
}

/// Does everything: data, backbone, heads, clean accuracy, baseline, attacks, pictures, summary,
/// report.
///
/// Everything is computed on `device` and written to `out`. With `resume` the run that is there goes
/// on where it stopped, with the same result to the bit as if it had never stopped, and therefore
/// on the device it began on; without, the directory must be empty or absent.
///
/// # Errors
/// [`Error::Usage`] for a configuration out of range, a directory in use or another device than the
/// run's; [`Error::Interrupted`] after [`super::request_stop`]; errors of the data, the files, the
/// device and the computation.
pub fn run(
    config: &Config,
    out: &Path,
    resume: bool,
    device: &Device,
    reporter: &dyn Reporter,
) -> Result<Outcome> {
    config.check()?;
    // Data and network come first, so that what is wrong with them leaves no directory behind.
    let data = open_data(config, reporter)?;
    let mut ensemble = files::untrained(config, data.train.size()[0], data.classes.len())?;
    let begun = resume && stage_has_begun(&RunDir::open(out)?, "backbone", files::backbone);
    if !begun {
        pretrained::start(config, &mut ensemble.backbone.net, Replaced::StemAndClassifier)?;
    }
    move_module(&mut ensemble, device)?;
    let shape = DataShape {
        image_size: data.train.size()[0],
        classes: data.classes.len(),
    };
    reporter.line(&MemoryPlan::of(config, shape, device).line(device));
    let dir = match resume {
        true => RunDir::resume(out)?,
        false => RunDir::create(out, &config.to_toml()?)?,
    };
    Runner::new(config, dir, data, device, reporter)?.run(ensemble)
}

/// Whether training of `stage`, whose result is the file `weights`, has left anything to go on from.
fn stage_has_begun(dir: &RunDir, stage: &str, weights: fn(&RunDir) -> PathBuf) -> bool {
    dir.checkpoint(stage).is_file() || weights(dir).is_file()
}

struct Runner<'a> {
    config: &'a Config,
    hash: String,
    advice: String,
    dir: RunDir,
    data: Dataset,
    device: &'a Device,
    /// Formats of the layers' products, as the device has them.
    precision: Precisions,
    reporter: &'a dyn Reporter,
    metrics: Vec<EpochMetrics>,
}

impl<'a> Runner<'a> {
    fn new(
        config: &'a Config,
        dir: RunDir,
        data: Dataset,
        device: &'a Device,
        reporter: &'a dyn Reporter,
    ) -> Result<Self> {
        let hash = config.hash()?;
        let weights = config.backbone.weights.as_deref().map(Path::new);
        let weights_hash = match weights.filter(|path| path.is_file()) {
            Some(path) => Some(file_sha256(path)?),
            None => None,
        };
        let mut facts = DataFacts::of(&data, &hash, device, weights_hash);
        let recorded = dir.stage(DataFacts::STAGE, &[], || Ok(facts.clone()))?;
        recorded.check_config(&dir, &hash)?;
        recorded.check_device(&dir, device)?;
        if let Some(path) = weights {
            recorded.check_weights(path, facts.weights.as_deref())?;
        }
        facts.weights.clone_from(&recorded.weights);
        if recorded != facts {
            let advice = "resume with the data the run began with";
            return Err(Error::format(
                dir.root(),
                recorded.describe(),
                facts.describe(),
                advice,
            ));
        }
        Ok(Self {
            hash,
            advice: format!("go on with: crossmax replicate --resume {}", dir.root().display()),
            precision: config.precision.on(device, reporter),
            config,
            dir,
            data,
            device,
            reporter,
            metrics: Vec::new(),
        })
    }

    fn run(mut self, mut ensemble: SelfEnsemble) -> Result<Outcome> {
        self.train_backbone(&mut ensemble)?;
        self.train_heads(&mut ensemble)?;
        let baseline = self.train_baseline()?;
        let clean = self.clean_accuracy(&ensemble, &baseline)?;
        let samples = self.samples()?;
        let attacked = self.attack_ensemble(&ensemble, &samples)?;
        let surrogate = self.attack_surrogate(&ensemble, &samples)?;
        let baseline = self.attack_baseline(&baseline, &samples)?;
        let findings = Findings {
            config: self.config.clone(),
            device: self.device.to_string(),
            precision: self.precision,
            dataset: self.data.name.clone(),
            data_sha256: self.data.sha256(),
            classes: self.data.classes.clone(),
            warnings: self.data.warnings.clone(),
            metrics: self.metrics.clone(),
            clean,
            ensemble: attacked,
            baseline,
            surrogate,
        };
        let prototypes = self.prototypes(&ensemble)?;
        let state = self.attack_state(&samples)?;
        let votes = self.votes(&ensemble, &samples, &state)?;
        let material = Material {
            data: &self.data,
            ensemble: &ensemble,
            samples: &samples,
            attacked: &state,
            votes: &votes,
            prototypes: &prototypes,
            findings: &findings,
        };
        let figures = self
            .dir
            .stage("figures", &[], || pictures::draw(&self.dir, &material))?;
        let summary = findings.to_json(&self.dir.stages(), &figures);
        write_json(&self.dir.path("summary.json"), &summary)?;
        report::write(&self.dir, &material)?;
        let text = findings.to_text();
        Ok(Outcome { summary, text })
    }

    /// Trains `learner` as a stage of the run; its metrics join the run's.
    fn train(
        &mut self,
        learner: &mut dyn Learner,
        stage: &str,
        (stream, part): (Stream, u16),
        schedule: Schedule,
        weights: Option<&Path>,
    ) -> Result<()> {
        let checkpoint = self.dir.checkpoint(stage);
        // What later stages read: the weights, or of a head its last checkpoint.
        let artefact = weights.unwrap_or(&checkpoint);
        let metrics: Vec<EpochMetrics> = self.dir.stage(stage, &[artefact], || {
            let dir = &self.dir;
            let task = Task {
                stage: stage.to_owned(),
                stream,
                part,
                seed: self.config.seed,
                checkpoint: &checkpoint,
                save_every: SAVE_EVERY,
                config_hash: &self.hash,
                resume_advice: &self.advice,
                device: self.device,
                precision: self.precision.training,
            };
            let splits = [&self.data.train, &self.data.test];
            let metrics = train(learner, &task, schedule, splits, self.reporter, &mut |lines| {
                dir.write_metrics(&[self.metrics.as_slice(), lines].concat())
            })?;
            if let Some(path) = weights {
                save_module(learner.module(), path, BTreeMap::new())?;
            }
            Ok(metrics)
        })?;
        self.metrics.extend(metrics);
        self.dir.write_metrics(&self.metrics)
    }

    fn train_backbone(&mut self, ensemble: &mut SelfEnsemble) -> Result<()> {
        let (schedule, path) = (self.backbone_schedule(), files::backbone(&self.dir));
        let backbone = &mut ensemble.backbone;
        self.train(
            backbone,
            "backbone",
            (Stream::TrainBackbone, 0),
            schedule,
            Some(&path),
        )?;
        files::load(&path, &mut ensemble.backbone)
    }

    /// The backbone's schedule, which is the baseline's too.
    fn backbone_schedule(&self) -> Schedule {
        let b = &self.config.backbone;
        Schedule {
            epochs: b.epochs,
            batch: b.batch,
            lr: b.lr,
            cosine: b.cosine,
            micro_batch: b.micro_batch,
            adversarial: b.adversarial,
        }
    }

    /// Heads from the deepest to the shallowest, as in the notebook.
    fn train_heads(&mut self, ensemble: &mut SelfEnsemble) -> Result<()> {
        let h = &self.config.heads;
        let schedule = Schedule {
            epochs: h.epochs,
            batch: h.batch,
            lr: h.lr,
            cosine: false,
            micro_batch: None,
            adversarial: None,
        };
        for index in (0..ensemble.heads.len()).rev() {
            let layer = ensemble.heads[index].layer();
            let stage = format!("head {layer}");
            let mut learner = HeadLearner::new(ensemble, index)?;
            let stream = (Stream::TrainHead, layer as u16);
            self.train(&mut learner, &stage, stream, schedule, None)?;
            // A head that was finished before is read back from its last checkpoint.
            let path = self.dir.checkpoint(&stage);
            let missing = || {
                Error::format(
                    &path,
                    "the checkpoint of a trained head",
                    "no file",
                    "resume again",
                )
            };
            checkpoint::load(&path, &self.hash, learner.module())?.ok_or_else(missing)?;
        }
        files::save_heads(&self.dir, ensemble)
    }

    fn train_baseline(&mut self) -> Result<Baseline> {
        let config = self.config.network(3, self.data.classes.len());
        let mut baseline = Baseline {
            net: ResNet::new(config, &mut Init::new(self.config.seed))?,
            input_size: self.config.backbone.input_size,
        };
        if !stage_has_begun(&self.dir, "baseline", files::baseline) {
            pretrained::start(self.config, &mut baseline.net, Replaced::Classifier)?;
        }
        move_module(&mut baseline.net, self.device)?;
        let (schedule, path) = (self.backbone_schedule(), files::baseline(&self.dir));
        self.train(
            &mut baseline,
            "baseline",
            (Stream::TrainBackbone, 1),
            schedule,
            Some(&path),
        )?;
        files::load(&path, &mut baseline.net)?;
        Ok(baseline)
    }

    fn clean_accuracy(&self, ensemble: &SelfEnsemble, baseline: &Baseline) -> Result<CleanAccuracy> {
        let (test, device, reporter) = (&self.data.test, self.device, self.reporter);
        self.dir.stage("clean accuracy", &[], || {
            let (members, crossmax) = ensemble_accuracy(ensemble, test, device)?;
            let clean = CleanAccuracy {
                backbone: members.last().copied().unwrap_or(0.0),
                layers: ensemble.layers().into_iter().zip(members).collect(),
                ensemble: crossmax,
                baseline: accuracy(&baseline.classifier()?, test, device, Stream::CleanTest, 0)?,
                images: test.len(),
            };
            reporter.line(&format!(
                "clean accuracy: backbone {:.2} %, self-ensemble {:.2} %, baseline {:.2} %",
                100.0 * clean.backbone,
                100.0 * clean.ensemble,
                100.0 * clean.baseline
            ));
            Ok(clean)
        })
    }

    /// The first test images.
    fn samples(&self) -> Result<LabelledImages> {
        let indices: Vec<usize> = (0..self.data.test.len().min(self.config.attack.images)).collect();
        let ids = indices.iter().map(|&i| i as u32).collect();
        let images = self.data.test.batch(&indices)?;
        LabelledImages::new(images, self.data.test.labels_of(&indices), ids)?.on(self.device)
    }

    fn attack_task<'t>(&'t self, what: &'t str, state: &'t Path) -> AttackTask<'t> {
        AttackTask {
            what,
            config: &self.config.attack,
            seed: self.config.seed,
            state,
            config_hash: &self.hash,
            resume_advice: &self.advice,
            search: self.precision.search,
        }
    }

    fn attack_ensemble(&self, ensemble: &SelfEnsemble, samples: &LabelledImages) -> Result<Attacked> {
        let (state, export) = (
            self.dir.path(ATTACK_STATE),
            self.dir.path("attack/adversarial.safetensors"),
        );
        self.dir.stage("attack", &[&state, &export], || {
            let classifier = EnsembleClassifier::new(ensemble, Aggregation::CrossMax)?;
            let search = classifier.clone().with_precision(self.precision.search);
            let task = self.attack_task("the self-ensemble", &state);
            let (state, attacked) = attack::run([&classifier, &search], samples, &task, self.reporter)?;
            attack::export(&export, samples, &state)?;
            Ok(attacked)
        })
    }

    fn attack_baseline(&self, baseline: &Baseline, samples: &LabelledImages) -> Result<Attacked> {
        let state = self.dir.path("attack/baseline.safetensors");
        self.dir.stage("baseline attack", &[&state], || {
            let task = self.attack_task("the plain baseline", &state);
            let classifier = baseline.classifier()?;
            let search = classifier.clone().with_precision(self.precision.search);
            Ok(attack::run([&classifier, &search], samples, &task, self.reporter)?.1)
        })
    }

    fn attack_surrogate(&self, ensemble: &SelfEnsemble, samples: &LabelledImages) -> Result<SurrogateAttack> {
        let state = self.dir.path("attack/surrogate.safetensors");
        self.dir.stage("surrogate attack", &[&state], || {
            let task = self.attack_task("the self-ensemble", &state);
            surrogate::run(ensemble, samples, &task, self.reporter)
        })
    }

    fn prototypes(&self, ensemble: &SelfEnsemble) -> Result<Prototypes> {
        let path = self.dir.path("attack/prototypes.safetensors");
        let (config, size, reporter) = (&self.config.figures, self.data.test.size(), self.reporter);
        let (device, advice) = (self.device, &self.advice);
        self.dir.stage("prototypes", &[&path], || {
            prototypes::optimise(&ensemble.backbone, device, config, size, advice, reporter)?.save(&path)
        })?;
        let count = self.data.classes.len() * config.prototypes_per_class;
        Prototypes::load(&path, count, size)
    }

    /// What AutoAttack left of the ensemble, from its file.
    fn attack_state(&self, samples: &LabelledImages) -> Result<AutoAttackState> {
        let path = self.dir.path(ATTACK_STATE);
        let missing = || Error::format(&path, "the state of the attack", "no file", "start a new run");
        let task = self.attack_task("the self-ensemble", &path);
        attack::load_state(&task, samples)?.ok_or_else(missing)
    }

    fn votes(
        &self,
        ensemble: &SelfEnsemble,
        samples: &LabelledImages,
        attacked: &AutoAttackState,
    ) -> Result<Vec<ImageVotes>> {
        self.dir.stage("votes", &[], || {
            votes::cast(ensemble, samples, attacked, self.config)
        })
    }
}

const ATTACK_STATE: &str = "attack/state.safetensors";
