// Shared<T>: what a kernel sees of shared memory. A pointer on a GPU; here every access through it
// is checked and recorded.
#pragma once

#include <cstdint>
#include <cstring>

#include "processor.hpp"

namespace emulator {

// An element; read and written whole.
template <typename T>
class SharedElement {
   public:
    explicit SharedElement(int64_t offset) : offset(offset) {}
    SharedElement(const SharedElement&) = delete;

    operator T() const {
        Processor& processor = *Processor::current();
        T value;
        std::memcpy(&value, processor.shared.read(offset, sizeof(T), alignof(T), processor.running), sizeof(T));
        return value;
    }
    SharedElement& operator=(const T& value) {
        Processor& processor = *Processor::current();
        std::memcpy(processor.shared.write(offset, sizeof(T), alignof(T), processor.running), &value, sizeof(T));
        return *this;
    }
    SharedElement& operator=(const SharedElement& other) { return *this = T(other); }
    SharedElement& operator+=(const T& value) { return *this = T(*this) + value; }

   private:
    int64_t offset;
};

template <typename T>
class Shared {
    static_assert(sizeof(T) % 2 == 0, "shared memory is watched in units of two bytes");

   public:
    explicit Shared(int64_t offset) : offset(offset) {}

    SharedElement<T> operator[](int64_t i) const { return SharedElement<T>(offset + i * int64_t(sizeof(T))); }
    Shared operator+(int64_t i) const { return Shared(offset + i * int64_t(sizeof(T))); }
    int64_t byte_offset() const { return offset; }

   private:
    int64_t offset;
};

}  // namespace emulator
