//! The fields of `summary.json`: that they are there, in their ranges, and agree with one another.

use crossmax::data::Dataset;
use crossmax::replicate::Config;
use serde_json::Value;

const STAGES: [&str; 12] = [
    "data",
    "backbone",
    "head 4",
    "head 2",
    "baseline",
    "clean accuracy",
    "attack",
    "surrogate attack",
    "baseline attack",
    "prototypes",
    "votes",
    "figures",
];

/// The fraction at `pointer`, which must be in [0, 1].
pub fn fraction(summary: &Value, pointer: &str) -> f64 {
    let value = summary.pointer(pointer).and_then(Value::as_f64);
    let value = value.unwrap_or_else(|| panic!("summary.json has no number {pointer}"));
    assert!((0.0..=1.0).contains(&value), "{pointer} is {value}");
    value
}

/// The strings of an array.
pub fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Checks every field of `summary.json`.
pub fn check_summary(summary: &Value, config: &Config, data: &Dataset) {
    assert_eq!(summary["schema_version"], 1);
    assert_eq!(summary["preset"], "pocket");
    assert_eq!(summary["device"], "cpu");
    assert_eq!(summary["seed"], config.seed);
    let training = &summary["training"];
    assert_eq!(training["weights"], "random");
    assert_eq!(training["batch"], config.backbone.batch);
    assert!(training["micro_batch"].is_null() && training["adversarial"].is_null());
    assert_eq!(summary["dataset_sha256"], data.sha256());
    assert_eq!(strings(&summary["classes"]), data.classes);
    let stages = summary["stages"].as_array().into_iter().flatten();
    let stages: Vec<(&Value, Option<f64>)> = stages.map(|s| (&s["name"], s["seconds"].as_f64())).collect();
    assert!(stages.iter().map(|(name, _)| *name).eq(&STAGES), "{stages:?}");
    assert!(
        stages
            .iter()
            .all(|(_, seconds)| seconds.is_some_and(|s| s >= 0.0)),
        "{stages:?}"
    );

    let clean = &summary["clean_accuracy"];
    assert_eq!(clean["images"], config.data.test_images);
    fraction(clean, "/backbone");
    fraction(clean, "/ensemble");
    let layers: Vec<&str> = clean["layers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(layer, _)| &layer[..])
        .collect();
    assert_eq!(layers, ["2", "4"]);
    for layer in layers {
        fraction(clean, &format!("/layers/{layer}"));
    }

    check_autoattack(&summary["autoattack"], config);
    let [baseline, surrogate] = [&summary["audits"][0], &summary["audits"][1]];
    assert_eq!(baseline["name"], "baseline");
    fraction(baseline, "/clean_accuracy");
    check_autoattack(&baseline["autoattack"], config);
    assert_eq!(surrogate["name"], "surrogate-pgd");
    assert_eq!(surrogate["steps"], config.attack.iterations);
    assert_eq!(surrogate["eot"], config.attack.eot);
    let after = fraction(surrogate, "/attacked/mean");
    assert!(
        fraction(surrogate, "/attacked_ci95/0") <= after && after <= fraction(surrogate, "/attacked_ci95/1")
    );
    fraction(surrogate, "/clean/mean");
}

fn check_autoattack(found: &Value, config: &Config) {
    assert_eq!(found["version"], "rand");
    assert_eq!(found["norm"], "Linf");
    assert_eq!(found["eps"], config.attack.eps);
    assert_eq!(found["images"], config.attack.images);
    let [initial, ce, dlr, robust] = ["initial", "after/apgd-ce", "after/apgd-dlr", "robust"]
        .map(|name| fraction(found, &format!("/{name}")));
    assert!(initial >= ce && ce >= dlr && dlr == robust, "{found:#}");
    assert!(
        fraction(found, "/robust_ci95/0") <= robust && robust <= fraction(found, "/robust_ci95/1"),
        "{found:#}"
    );
    fraction(found, "/reevaluated/mean");
    assert_eq!(found["reevaluated"]["repeats"], config.attack.reevaluations);
    assert!(
        found["reevaluated"]["std"].as_f64().is_some_and(|std| std >= 0.0),
        "{found:#}"
    );
    assert!(
        found["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0),
        "{found:#}"
    );
}
