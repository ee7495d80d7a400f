//! One heap for all threads.
#![allow(unsafe_code)]

/// Has the C library's allocator serve all threads from one heap; to be called before there are others.
///
/// By default each thread has a heap of its own, made of pieces of 64 MiB. Tensors are as large as that: they leave
/// gaps, and a training step of ResNet152 took a sixth more memory than its tensors. Buffers are pooled and
/// small allocations cached by thread, so threads hardly wait for each other.
pub fn share_one() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes two numbers and no other thread runs yet. If it is refused, nothing changes.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
