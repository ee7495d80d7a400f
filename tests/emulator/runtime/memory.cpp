#include "memory.hpp"

#include <sys/mman.h>

#include <cstring>

#include "fiber.hpp"

namespace emulator {

namespace {

constexpr uint64_t RANGE_BYTES = uint64_t(1) << 38;
// Kept free on both sides of the allocations, so that a poisoned index faults too.
constexpr uint64_t MARGIN_BYTES = uint64_t(1) << 36;
constexpr uint64_t ALIGNMENT = 16;
// Freed allocations that messages can still name.
constexpr size_t REMEMBERED = 1024;

constexpr uint64_t round_up(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

// The pattern's byte for an address: its halves follow from the address alone, so that filling and
// checking may begin anywhere.
constexpr unsigned char pattern_at(uintptr_t address) {
    return address % 2 == 1 ? POISON >> 8 : POISON & 0xff;
}

constexpr uint64_t POISON_WORD = uint64_t(POISON) * 0x0001000100010001u;

uintptr_t address_of(const char* byte) { return reinterpret_cast<uintptr_t>(byte); }

// First byte of [begin, end) that is not poison any more, or `end`.
char* first_changed(char* begin, char* end) {
    while (begin < end) {
        uint64_t word;
        if (address_of(begin) % 8 == 0 && end - begin >= 8) {
            std::memcpy(&word, begin, 8);
            if (word == POISON_WORD) {
                begin += 8;
                continue;
            }
        }
        if (static_cast<unsigned char>(*begin) != pattern_at(address_of(begin))) break;
        ++begin;
    }
    return begin;
}

}  // namespace

void poison(void* begin, size_t bytes) {
    char* at = static_cast<char*>(begin);
    char* const end = at + bytes;
    for (; at < end && address_of(at) % 8 != 0; ++at) *at = char(pattern_at(address_of(at)));
    for (; end - at >= 8; at += 8) std::memcpy(at, &POISON_WORD, 8);
    for (; at < end; ++at) *at = char(pattern_at(address_of(at)));
}

Memory::Memory(uint64_t seed, uint64_t capacity) : random(seed), room(capacity) {
    void* reserved =
        mmap(nullptr, RANGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    range = reserved == MAP_FAILED ? nullptr : static_cast<char*>(reserved);
    next = range + MARGIN_BYTES;
}

Memory::~Memory() {
    if (range != nullptr) munmap(range, RANGE_BYTES);
}

char* Memory::allocate(uint64_t bytes) {
    if (range == nullptr || bytes > room) return nullptr;
    const uint64_t guard_bytes = emulator::page_bytes();
    const uint64_t page_bytes = round_up(bytes, guard_bytes);
    char* pages = next;
    if (pages + page_bytes + guard_bytes > range + RANGE_BYTES - MARGIN_BYTES) return nullptr;
    if (page_bytes > 0 && mprotect(pages, page_bytes, PROT_READ | PROT_WRITE) != 0) return nullptr;
    poison(pages, page_bytes);
    next = pages + page_bytes + guard_bytes;
    room -= bytes;

    const bool at_end = random.coin();
    char* begin = at_end ? pages + page_bytes - round_up(bytes, ALIGNMENT) : pages;
    known[begin] = {++count, bytes, pages, page_bytes, true};
    return begin;
}

bool Memory::free(const char* begin) {
    const auto found = known.find(begin);
    if (found == known.end() || !found->second.live) return false;
    Allocation& allocation = found->second;
    // A fresh mapping gives the pages back to the system and keeps their addresses.
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    if (allocation.page_bytes > 0) {
        mmap(allocation.pages, allocation.page_bytes, PROT_NONE, flags, -1, 0);
    }
    allocation.live = false;
    room += allocation.bytes;
    freed.push_back(begin);
    if (freed.size() > REMEMBERED) {
        known.erase(freed.front());
        freed.pop_front();
    }
    return true;
}

bool Memory::holds(const char* begin, uint64_t bytes) const {
    auto after = known.upper_bound(begin);
    if (after == known.begin()) return false;
    const auto& [start, allocation] = *--after;
    const uint64_t offset = uint64_t(begin - start);
    return allocation.live && offset <= allocation.bytes && bytes <= allocation.bytes - offset;
}

std::string Memory::name(const Allocation& allocation) const {
    return (allocation.live ? "allocation " : "the freed allocation ") + std::to_string(allocation.number) +
           " (" + std::to_string(allocation.bytes) + " bytes)";
}

std::string Memory::describe(const char* address) const {
    if (address_of(address) < page_bytes()) return "the null pointer";
    const auto after = known.upper_bound(address);
    const auto before = after == known.begin() ? known.end() : std::prev(after);
    if (before != known.end()) {
        const auto& [begin, allocation] = *before;
        const uint64_t offset = uint64_t(address - begin);
        if (offset < allocation.bytes) return "byte " + std::to_string(offset) + " of " + name(allocation);
        const uint64_t beyond = offset - allocation.bytes;
        // Nearer to this allocation's end than to the next one's begin?
        if (after == known.end() || beyond <= uint64_t(after->first - address)) {
            return "byte " + std::to_string(beyond) + " behind the end of " + name(allocation);
        }
    }
    if (after == known.end()) return "an address outside the device's memory";
    return std::to_string(after->first - address) + " bytes before " + name(after->second);
}

std::string Memory::check_guards() {
    for (auto& [start, allocation] : known) {
        if (!allocation.live) continue;
        char* begin = const_cast<char*>(start);
        char* pages_end = allocation.pages + allocation.page_bytes;
        char* changed = first_changed(allocation.pages, begin);
        if (changed == begin) {
            changed = first_changed(begin + allocation.bytes, pages_end);
            if (changed == pages_end) continue;
        }
        std::string found = "wrote to " + describe(changed);
        poison(allocation.pages, size_t(begin - allocation.pages));
        poison(begin + allocation.bytes, size_t(pages_end - begin) - allocation.bytes);
        return found;
    }
    return {};
}

}  // namespace emulator
