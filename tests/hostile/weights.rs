//! Weights of a network in a `.safetensors` file, as `predict` opens them.

use super::{Checked, Table};
use crossmax::io::{Stored, TensorFile, load_module, save_module};
use crossmax::models::{ResNet, ResNetConfig, infer_resnet};
use crossmax::nn::Init;
use crossmax::tensor::{Shape, Tensor};
use std::collections::BTreeMap;
use std::path::Path;

/// The file, its tensors, and the network that they are put into.
const MULTIPLE: usize = 6;
const READER: &str = "weights";

fn open(path: &Path) -> crossmax::Result<()> {
    let file = TensorFile::load(path)?;
    let config = infer_resnet(&file, path, None)?;
    let mut net = ResNet::<f32>::new(config, &mut Init::new(0))?;
    load_module(&mut net, &file, path, "")
}

/// A safetensors file of these parts.
fn assemble(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let path = folder.join("net.safetensors");
    let mut net = ResNet::<f32>::new(ResNetConfig::pocket(3, 4), &mut Init::new(0))?;
    save_module(&mut net, &path, BTreeMap::new())?;
    let whole = std::fs::read(&path)?;
    let header_end = 8 + u64::from_le_bytes(whole[..8].try_into()?) as usize;

    let mut add = |input: &str, bytes: &[u8]| -> Checked {
        std::fs::write(&path, bytes)?;
        table.refuse((READER, input), (folder, &path), MULTIPLE, open)
    };
    add("empty file", &[])?;
    add("cut inside the header's length", &whole[..5])?;
    add("cut inside the header", &whole[..header_end / 2])?;
    add("cut before the data", &whole[..header_end])?;
    add("cut inside the data", &whole[..whole.len() - 1])?;
    add("a byte too many", &[&whole[..], &[0]].concat())?;
    add("another format (PNG)", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on")?;
    add(
        "header of 2⁶³ bytes announced",
        &[&(1_u64 << 63).to_le_bytes(), &whole[8..]].concat(),
    )?;
    add("header that is no JSON", &assemble(b"{\"a\":", b""))?;
    add("header nested 100,000 deep", &assemble(&[b'['; 100_000], b""))?;
    add(
        "name that is not UTF-8",
        &assemble(
            b"{\"\xff\xfe\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
            b"1",
        ),
    )?;
    add(
        "shape whose product overflows",
        &assemble(
            b"{\"w\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4],\"data_offsets\":[0,4]}}",
            b"1234",
        ),
    )?;
    add(
        "shape larger than the data",
        &assemble(
            b"{\"w\":{\"dtype\":\"F32\",\"shape\":[1000000000],\"data_offsets\":[0,4]}}",
            b"1234",
        ),
    )?;
    add(
        "offsets that overlap",
        &assemble(
            b"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\
               \"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
            b"123",
        ),
    )?;
    add(
        "offsets outside the file",
        &assemble(
            b"{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]}}",
            b"1",
        ),
    )?;
    add(
        "one name twice",
        &assemble(
            b"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\
               \"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
            b"1",
        ),
    )?;
    add(
        "seven axes",
        &assemble(
            b"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}",
            b"1",
        ),
    )?;
    add(
        "type that is no number",
        &assemble(
            b"{\"a\":{\"dtype\":\"F8_E5M2\",\"shape\":[1],\"data_offsets\":[0,1]}}",
            b"1",
        ),
    )?;

    std::fs::write(&path, &whole)?;
    let file = TensorFile::load(&path)?;
    let mut change = |input: &str, change: &dyn Fn(&mut BTreeMap<String, Stored>)| -> Checked {
        let mut changed = file.clone();
        change(&mut changed.tensors);
        changed.save(&path)?;
        table.refuse((READER, input), (folder, &path), MULTIPLE, open)
    };
    let first = "conv1.weight".to_owned();
    let ones = |shape: &[usize], value: f32| Stored::F32(Tensor::full(shape, value));
    change("no network in it", &|tensors| {
        tensors.retain(|name, _| name.contains("bn"))
    })?;
    change("tensor missing", &|tensors| {
        drop(tensors.remove("layer2.0.bn1.weight"))
    })?;
    change("tensor too many", &|tensors| {
        drop(tensors.insert("other".into(), ones(&[1], 0.0)))
    })?;
    change("tensor of another shape", &|tensors| {
        tensors.insert("layer1.0.bn1.bias".into(), ones(&[3], 0.0));
    })?;
    change("integers where weights belong", &|tensors| {
        tensors.insert("fc.bias".into(), Stored::Int(Shape::new(&[4]), vec![0; 4]));
    })?;
    for (input, value) in [
        ("NaN among the weights", f32::NAN),
        ("infinite weight", f32::INFINITY),
    ] {
        change(input, &|tensors| {
            drop(tensors.insert("fc.bias".into(), ones(&[4], value)))
        })?;
    }
    change("stem without pixels", &|tensors| {
        tensors.insert(first.clone(), ones(&[16, 3, 0, 0], 0.0));
    })?;
    change("stem as wide as no memory", &|tensors| {
        tensors.insert(first.clone(), ones(&[0, 3, 65_535, 65_535], 0.0));
    })?;
    Ok(())
}
