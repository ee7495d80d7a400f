//! Files: atomic writing, safetensors, pickles, the cache folder, and the door between PyTorch's layouts and ours.

pub mod atomic;
pub mod cache;
pub mod pickle;
pub(crate) mod safetensors_header;
mod state_dict;
mod tensor_file;
#[cfg(test)]
mod tests;

pub use state_dict::{LoadReport, load_module, module_tensors, save_module, set_module};
pub use tensor_file::{Stored, TensorFile};
