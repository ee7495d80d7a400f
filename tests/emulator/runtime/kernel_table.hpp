// The kernels that were compiled, by name; each source's table is written by build.rs.
#pragma once

#include <cstddef>
#include <type_traits>

namespace emulator {

struct Kernel {
    const char* variant;  // "" for the file as it stands
    const char* source;
    const char* entry;
    size_t args_bytes;
    unsigned most_threads;  // of a block: its __launch_bounds__, or what a device can
    void (*call)(const void* args);
};

struct KernelTable {
    const Kernel* kernels;
    size_t count;
};

// All tables; a null pointer ends them.
extern const KernelTable* const KERNEL_TABLES[];

// Calls a kernel with a copy of its argument struct.
template <auto FUNCTION>
struct Call;
template <typename Args, void (*FUNCTION)(Args)>
struct Call<FUNCTION> {
    using Struct = std::remove_const_t<Args>;
    static constexpr size_t ARGS_BYTES = sizeof(Struct);
    static void with(const void* args) { FUNCTION(*static_cast<const Struct*>(args)); }
};

}  // namespace emulator
