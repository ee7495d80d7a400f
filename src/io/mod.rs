//! Files: atomic writing, safetensors, PyTorch's weights, pickles, the cache folder, and the door between PyTorch's layouts and ours.

pub mod atomic;
pub mod cache;
mod folder_lock;
mod npz;
mod number_type;
pub mod pickle;
mod pytorch;
pub(crate) mod safetensors_header;
mod shown_name;
mod state_dict;
mod tensor_file;
#[cfg(test)]
mod tests;
mod weights_file;

pub use folder_lock::FolderLock;
pub use npz::save_npz;
pub use number_type::NumberType;
pub use shown_name::shown_name;
pub use state_dict::{LoadReport, load_module, module_tensors, save_module, set_module};
pub use tensor_file::{Stored, TensorFile};
pub use weights_file::{Format, WeightsFile, load_weights};
