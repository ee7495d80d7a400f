// The device's memory.
//
// All allocations lie in one reserved range of addresses in which everything else is inaccessible:
// an access that misses its allocation faults, as does one to an allocation already freed, whose
// addresses are never used again. Each allocation fills whole pages; whether its begin or its end
// is at the edge of a page is drawn for each, and what is left over is filled with guard bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "random.hpp"

namespace emulator {

// Fills fresh memory and guards, two bytes at a time: NaN as f16, bf16, f32 and f64, and an index
// far outside as an integer.
constexpr uint16_t POISON = 0x7fba;
void poison(void* begin, size_t bytes);

class Memory {
   public:
    Memory(uint64_t seed, uint64_t capacity);
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    // The begin of `bytes` poisoned bytes, aligned to 16; nullptr if there is no room.
    char* allocate(uint64_t bytes);
    // False if no allocation begins there.
    bool free(const char* begin);
    // Whether these bytes belong to one allocation.
    bool holds(const char* begin, uint64_t bytes) const;
    // Where `address` is, relative to the nearest allocation, as the end of a sentence.
    std::string describe(const char* address) const;
    // What guard bytes were overwritten, and repairs them; empty if none were.
    std::string check_guards();

   private:
    struct Allocation {
        uint64_t number;  // counted from 1
        uint64_t bytes;
        char* pages;
        uint64_t page_bytes;
        bool live;
    };
    std::string name(const Allocation& allocation) const;

    Random random;
    uint64_t room;                            // bytes that may still be allocated
    char* range;                              // of addresses, reserved; nullptr if that failed
    char* next;                               // where the next allocation's pages begin
    uint64_t count = 0;                       // allocations made
    std::map<const char*, Allocation> known;  // by their begin
    std::deque<const char*> freed;            // those of them that are freed, oldest first
};

}  // namespace emulator
