//! `crossmax predict`: logits for pictures.

mod evaluate;

use super::common::Common;
use super::model::{Member, Model};
use super::network_flags::NetworkFlags;
use super::output::Output;
use super::progress::Progress;
use clap::Args;
use crossmax::data::Pictures;
use crossmax::device::Device;
use crossmax::io::{Stored, TensorFile};
use crossmax::{Error, Result};
use evaluate::{Prediction, Wanted, evaluate};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Pictures listed for people.
const LISTED: usize = 20;

/// Classify pictures with a run's self-ensemble, any torchvision-style ResNet, WideResNet or PreActResNet.
///
/// Writes a .safetensors file with `logits` (N,classes) f32 and, with --input-gradient, `gradient` (N,3,H,W) f32.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A run directory, or the weights of a network: .safetensors or PyTorch's .pth; of a ResNet under torchvision's,
    /// timm's or Hugging Face's names, or a WideResNet or PreActResNet as RobustBench has them
    model: PathBuf,
    /// A PNG or JPEG file; a folder of them, or of class folders; or a .safetensors file with `images` (N,3,H,W) f32 in [0,1]
    /// and perhaps `labels` (N) i64
    images: PathBuf,
    /// The .safetensors file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Who answers: for a run the ensemble if not given, a weights file has only its backbone
    #[arg(long, value_name = "backbone|layer:N|ensemble")]
    member: Option<Member>,
    /// Draws of the views over which a run's logits are averaged
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    draws: u16,
    /// Also write the gradient of the summed cross-entropy with respect to the pictures, at their labels or, where
    /// there are none, at the predicted classes
    #[arg(long)]
    input_gradient: bool,
    #[command(flatten)]
    network: NetworkFlags,
}

const EXAMPLES: &str = "\
Examples:
  crossmax predict runs/pocket runs/pocket/attack/adversarial.safetensors --out p.safetensors
  crossmax predict runs/pocket pictures/ --member layer:4 --draws 10 --out p.safetensors
  crossmax predict resnet50.safetensors cat.png --out p.safetensors
  crossmax predict net.safetensors test.safetensors --stem cifar --mean 0.5,0.5,0.5 --std 0.2,0.2,0.2 \\
      --input-gradient --json --out p.safetensors";

/// Runs the command.
pub fn run(arguments: &Arguments, common: &Common, output: Output) -> Result<()> {
    check_out(&arguments.out)?;
    let mut model = Model::open(&arguments.model, &arguments.network, common.seed)?;
    let pictures = Pictures::open(&arguments.images)?;
    model.check_size(&pictures.source, &pictures.images)?;
    let labels = pictures.class_numbers(model.classes())?;
    let progress = Progress::new(output);
    let device = common.open_device(&progress)?;
    model.move_to(&device)?;
    let member = arguments.member.unwrap_or(model.default_member());
    let classifier = model.classifier(member)?;
    let wanted = Wanted {
        draws: if classifier.is_random() {
            arguments.draws
        } else {
            1
        },
        gradient: arguments.input_gradient,
        labels: labels.as_deref(),
    };
    let prediction = evaluate(classifier.as_ref(), &pictures.images, wanted, &device, &progress)?;
    save(&prediction, &arguments.out)?;
    let report = Report {
        arguments,
        member,
        draws: wanted.draws,
        device: &device,
        pictures: &pictures,
        labels: labels.as_deref(),
        classes: model.classes(),
        prediction: &prediction,
    };
    output.result(&report.text(), &report.json())
}

/// Refuses a place where nothing could be written, before the work is done.
fn check_out(out: &Path) -> Result<()> {
    let folder = out
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if out.is_dir() || !folder.is_dir() {
        let found = if out.is_dir() {
            "a folder"
        } else {
            "a folder that does not exist"
        };
        return Err(Error::format(
            out,
            "a file to write in an existing folder",
            found,
            "choose another --out",
        ));
    }
    Ok(())
}

fn save(prediction: &Prediction, out: &Path) -> Result<()> {
    let mut tensors = BTreeMap::from([("logits".to_owned(), Stored::F32(prediction.logits.clone()))]);
    if let Some(gradient) = &prediction.gradient {
        tensors.insert("gradient".to_owned(), Stored::F32(gradient.nhwc_to_nchw()?));
    }
    TensorFile {
        tensors,
        ..TensorFile::default()
    }
    .save(out)
}

/// What is said about a prediction.
struct Report<'a> {
    arguments: &'a Arguments,
    member: Member,
    draws: u16,
    device: &'a Device,
    pictures: &'a Pictures,
    labels: Option<&'a [usize]>,
    classes: &'a [String],
    prediction: &'a Prediction,
}

impl Report<'_> {
    fn class(&self, number: usize) -> &str {
        self.classes.get(number).map_or("?", String::as_str)
    }

    /// How many pictures are classified as labelled, if they have labels.
    fn right(&self) -> Option<usize> {
        let pairs = self.prediction.classes.iter().zip(self.labels?);
        Some(pairs.filter(|(class, label)| class == label).count())
    }

    /// Number, predicted class and name of every picture.
    fn predicted(&self) -> impl Iterator<Item = (usize, usize, &String)> {
        let pairs = self.prediction.classes.iter().zip(&self.pictures.names);
        pairs.enumerate().map(|(i, (&class, name))| (i, class, name))
    }

    /// Whose cross-entropy the gradient is of.
    fn gradient_labels(&self) -> Option<&'static str> {
        let whose = if self.labels.is_some() {
            "given"
        } else {
            "predicted"
        };
        self.prediction.gradient.as_ref().map(|_| whose)
    }

    fn text(&self) -> String {
        let mut lines: Vec<String> = self
            .predicted()
            .take(LISTED)
            .map(|(i, class, name)| {
                let label = self
                    .labels
                    .and_then(|labels| labels.get(i))
                    .filter(|&&label| label != class);
                let label = label.map_or(String::new(), |&label| {
                    format!(" (labelled {})", self.class(label))
                });
                format!("{name}: {}{label}", self.class(class))
            })
            .collect();
        let count = self.prediction.classes.len();
        if count > LISTED {
            lines.push(format!("… and {} more", count - LISTED));
        }
        if let Some(right) = self.right() {
            let share = 100.0 * right as f64 / count as f64;
            lines.push(format!("top-1 accuracy {share:.2} % ({right} of {count})"));
        } else if self.pictures.labels.is_some() {
            lines.push("the names of the folders are not the model's classes: no accuracy".into());
        }
        if let Some(whose) = self.gradient_labels() {
            lines.push(format!(
                "gradient of the summed cross-entropy at the {whose} classes"
            ));
        }
        lines.push(format!("written to {}", self.arguments.out.display()));
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let predictions: Vec<Value> = self
            .predicted()
            .map(|(i, class, name)| {
                let label = self.labels.and_then(|labels| labels.get(i));
                json!({"image": name, "class": class, "name": self.class(class), "label": label})
            })
            .collect();
        let count = predictions.len();
        json!({
            "model": self.arguments.model.display().to_string(),
            "member": self.member.to_string(),
            "draws": self.draws,
            "device": self.device.to_string(),
            "images": count,
            "classes": self.classes.len(),
            "accuracy": self.right().map(|right| right as f64 / count as f64),
            "gradient_labels": self.gradient_labels(),
            "predictions": predictions,
            "out": self.arguments.out.display().to_string(),
        })
    }
}
