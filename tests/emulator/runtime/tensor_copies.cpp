#include "tensor_copies.hpp"

#include <algorithm>
#include <cstring>

#include "memory.hpp"
#include "processor.hpp"

namespace emulator {

namespace {

constexpr unsigned QUAD_BYTES = 16, SWIZZLE_ROWS = 8;

}  // namespace

void TensorCopies::issue(Processor& processor, int64_t to, const TensorBox& box, int64_t barrier) {
    if (const char* problem = box.problem()) processor.fail("copies a box %s", problem);
    const char* tensor = reinterpret_cast<const char*>(box.map.address);
    if (!processor.memory->holds(tensor, box.tensor_bytes())) {
        processor.fail("copies of a tensor that is larger than the memory at %p", static_cast<const void*>(tensor));
    }
    if (to % (TensorBox::ROW_BYTES * SWIZZLE_ROWS) != 0) {
        processor.fail("copies a box to byte %lld of shared memory, which is not a multiple of %u", (long long)to,
                       TensorBox::ROW_BYTES * SWIZZLE_ROWS);
    }
    const int number = processor.mbarriers.find(barrier);
    if (number < 0) processor.fail("copies for byte %lld of shared memory, where no barrier is", (long long)barrier);
    if (!processor.mbarriers.is_known_to_copies(number)) {
        processor.fail("copies for a barrier that it may not see yet: no mbarrier_fence_init");
    }
    const unsigned bytes = box.rows() * TensorBox::ROW_BYTES;
    processor.products.check_unread(processor, to, bytes);
    char* target = processor.shared.begin_bulk_write(to, bytes, processor.running, number,
                                                     processor.mbarriers.ended(number));
    under_way.push_back({to, target, box, number, processor.running});
}

bool TensorCopies::finish_one(Processor& processor) {
    if (under_way.empty()) return false;
    const size_t drawn = processor.random.below(uint32_t(under_way.size()));
    std::swap(under_way[drawn], under_way.back());
    const Copy copy = under_way.back();
    under_way.pop_back();
    const unsigned rows = copy.box.rows(), bytes = rows * TensorBox::ROW_BYTES;
    for (unsigned i = 0; i < rows; ++i) {
        char row[TensorBox::ROW_BYTES] = {};
        const TensorBox::Row source = copy.box.row(i);
        if (source.bytes > 0) std::memcpy(row, source.from, source.bytes);
        for (unsigned quad = 0; quad < TensorBox::ROW_BYTES / QUAD_BYTES; ++quad) {
            std::memcpy(copy.target + i * TensorBox::ROW_BYTES + (quad ^ i % SWIZZLE_ROWS) * QUAD_BYTES,
                        row + quad * QUAD_BYTES, QUAD_BYTES);
        }
    }
    processor.shared.end_bulk_write(copy.to, bytes);
    if (processor.mbarriers.receive(copy.barrier, bytes)) processor.wake(copy.barrier);
    return true;
}

}  // namespace emulator
