//! Plots as SVG.

use super::*;
use roxmltree::{Document, Node};

fn texts(document: &Document) -> Vec<String> {
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name(tag("text")));
    texts
        .map(|node| {
            node.children()
                .filter_map(|c| c.text())
                .collect::<Vec<_>>()
                .join("|")
        })
        .collect()
}

fn tag(name: &str) -> (&'static str, &str) {
    ("http://www.w3.org/2000/svg", name)
}

#[test]
fn every_plot_is_well_formed_with_a_title_and_a_size() {
    for name in ["cat", "", "<&\">'", "猫 \u{0} \u{b} \u{ffff} ∞\n\té"] {
        for value in [0.5, f32::NAN, f32::INFINITY, -1.0, 1e30] {
            for sheet in every_plot(name, value, 3) {
                let svg = sheet.svg();
                let document = Document::parse(&svg).unwrap();
                check(&document);
            }
        }
    }
}

fn check(document: &Document) {
    let root = document.root_element();
    assert!(root.has_tag_name(tag("svg")) && root.attribute("role") == Some("img"));
    let [width, height] = ["width", "height"].map(|side| root.attribute(side).unwrap());
    assert_eq!(root.attribute("viewBox"), Some(&*format!("0 0 {width} {height}")));
    let children: Vec<Node> = root.children().filter(Node::is_element).collect();
    let names: Vec<&str> = children.iter().map(|node| node.tag_name().name()).collect();
    assert_eq!(names[..3], ["title", "desc", "rect"]);
    assert!(children[1].text().is_some_and(|text| !text.is_empty()));
    let paper = children[2];
    assert_eq!(paper.attribute("width"), Some(width));
    assert_eq!(
        (paper.attribute("fill"), paper.attribute("class")),
        (Some("#ffffff"), Some("paper"))
    );
    for node in &children[2..] {
        for attribute in node.attributes() {
            check_numbers(attribute.name(), attribute.value());
        }
    }
}

/// Numbers are finite and have at most two decimals.
fn check_numbers(name: &str, value: &str) {
    if ["class", "fill", "stroke", "text-anchor", "transform"].contains(&name) {
        return;
    }
    for number in value.split([' ', ',']) {
        let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let finite = number.parse::<f32>().is_ok_and(f32::is_finite);
        assert!(finite && decimals <= 2, "{name} = {value}");
    }
}

#[test]
fn labels_are_text_and_markup_in_them_is_escaped() {
    let sheet = &every_plot("a<b & \"c\"", 0.5, 1)[4];
    let svg = sheet.svg();
    assert!(svg.contains("<title>a&lt;b &amp; &quot;c&quot;</title>"));
    let found = texts(&Document::parse(&svg).unwrap());
    let values = [
        "a<b & \"c\"",
        "accuracy left (% of images)",
        "50.0 %  [50.0, 50.0]",
        "100",
    ];
    for text in values {
        assert!(
            found.iter().any(|found| found == text),
            "no {text:?} in {found:?}"
        );
    }
}

#[test]
fn shortened_text_carries_the_whole() {
    let long = "a very long name ".repeat(9);
    let svg = every_plot(&long, 0.5, 1)[3].svg();
    let document = Document::parse(&svg).unwrap();
    let whole = |node: &Node| node.has_tag_name(tag("title")) && node.text() == Some(&long);
    let labels = document
        .descendants()
        .filter(whole)
        .filter_map(|node| node.parent());
    assert!(labels.filter(|label| label.has_tag_name(tag("text"))).count() >= 1);
}

#[test]
fn what_belongs_to_the_theme_has_a_class() {
    let svg = every_plot("cat", 0.5, 1)[0].svg();
    let document = Document::parse(&svg).unwrap();
    for node in document.descendants().filter(Node::is_element) {
        let color = match node.attribute("stroke").or(node.attribute("fill")) {
            Some(color) => color,
            None => continue,
        };
        let class = match color {
            "#000000" => Some("ink"),
            "#5a5a5a" => Some("muted"),
            "#dedede" => Some("grid"),
            "#ffffff" => Some("paper"),
            _ => None,
        };
        assert_eq!(node.attribute("class"), class, "{node:?}");
    }
    for class in ["ink", "muted", "grid", "paper"] {
        assert!(svg.contains(&format!("class=\"{class}\"")), "no {class}");
    }
}

#[test]
fn missing_values_leave_gaps() {
    let lines = |values: &[f32]| {
        let curve = Curve {
            name: "backbone",
            subset: Subset::Train,
            values,
        };
        let svg = loss_curve(&[curve]).unwrap().svg();
        svg.lines()
            .filter(|line| line.contains("<polyline") && line.contains("#0072b2"))
            .count()
    };
    // One line is the legend's.
    assert_eq!(lines(&[2.0, 1.0, 0.5, 0.4]), 2);
    assert_eq!(lines(&[2.0, 1.0, f32::NAN, 0.5, 0.4]), 3);
    assert_eq!(lines(&[2.0, f32::NAN, 0.5]), 1);
}
