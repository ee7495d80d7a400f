//! Names of classes as people write them.

/// A class's name with its underscores as spaces: `pickup_truck` is a pickup truck.
pub(super) fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// Name of a class, or its number where there is no name.
pub(super) fn class_name(classes: &[&str], class: usize) -> String {
    match classes.get(class) {
        Some(name) => spaced(name),
        None => format!("class {class}"),
    }
}
