#include "instructions_sm90.hpp"

namespace emulator {

namespace {

constexpr uint32_t WHOLE_WARP = 0xffffffff;
constexpr unsigned MBARRIER_BYTES = 8;

// The barrier at this byte, after a check that the thread may know it.
int mbarrier_at(Processor& processor, int64_t offset) {
    processor.shared.read(offset, MBARRIER_BYTES, MBARRIER_BYTES, processor.running);
    const int barrier = processor.mbarriers.find(offset);
    if (barrier < 0) processor.fail("uses byte %lld of shared memory, where no barrier is", (long long)offset);
    return barrier;
}

struct WarpProduct {
    const ProductFormat* format;
    float* sum;
    uint64_t a, b;
    bool accumulate;
};

void start_product(void* const lanes[WARP_LANES], uint32_t) {
    Processor& processor = *Processor::current();
    const WarpProduct& first = *static_cast<WarpProduct*>(lanes[0]);
    float* sums[WARP_LANES];
    for (unsigned i = 0; i < WARP_LANES; ++i) {
        const WarpProduct& own = *static_cast<WarpProduct*>(lanes[i]);
        if (own.a != first.a || own.b != first.b || own.accumulate != first.accumulate) {
            processor.fail("multiplies other factors than lane 0 of its warp");
        }
        sums[i] = own.sum;
    }
    const unsigned warp = processor.running / WARP_LANES;
    processor.products.start(processor, warp, *first.format, sums, first.a, first.b, first.accumulate);
}

void fence_of_warp(void* const*, uint32_t) {
    Processor& processor = *Processor::current();
    processor.products.fence(processor.running / WARP_LANES);
}

void commit_of_warp(void* const*, uint32_t) {
    Processor& processor = *Processor::current();
    processor.products.commit(processor.running / WARP_LANES);
}

void wait_of_warp(void* const lanes[WARP_LANES], uint32_t) {
    Processor& processor = *Processor::current();
    processor.products.wait(processor, processor.running / WARP_LANES, *static_cast<unsigned*>(lanes[0]));
}

}  // namespace

void init_mbarrier(int64_t offset, uint32_t arrivals) {
    const RuntimeScope scope;
    Processor& processor = scope.processor;
    // What stands there is the hardware's own matter.
    std::memset(processor.shared.write(offset, MBARRIER_BYTES, MBARRIER_BYTES, processor.running), 0, MBARRIER_BYTES);
    processor.mbarriers.init(offset, arrivals, processor.running);
}

void fence_mbarrier_init() {
    const RuntimeScope scope;
    scope.processor.mbarriers.fence(scope.processor.running);
}

void arrive_at_mbarrier(int64_t offset, uint32_t expected_bytes) {
    const RuntimeScope scope;
    Processor& processor = scope.processor;
    const int barrier = mbarrier_at(processor, offset);
    if (processor.mbarriers.arrive(barrier, expected_bytes)) processor.wake(barrier);
}

void wait_for_mbarrier(int64_t offset, uint32_t parity, Site site) {
    const RuntimeScope scope;
    scope.processor.wait_for_phase(mbarrier_at(scope.processor, offset), parity, site);
}

void fence_proxy_async() {
    const RuntimeScope scope;
    scope.processor.shared.fence_proxy(scope.processor.running);
}

void load_box(int64_t to, const TensorBox& box, int64_t barrier) {
    const RuntimeScope scope;
    scope.processor.tensor_copies.issue(scope.processor, to, box, barrier);
}

void fence_products(Site site) {
    Processor::current()->collective(fence_of_warp, WHOLE_WARP, nullptr, site);
}

void multiply_warpgroup(const ProductFormat& format, float* sum, uint64_t a, uint64_t b, bool accumulate, Site site) {
    WarpProduct own = {&format, sum, a, b, accumulate};
    Processor::current()->collective(start_product, WHOLE_WARP, &own, site);
}

void commit_products(Site site) {
    Processor::current()->collective(commit_of_warp, WHOLE_WARP, nullptr, site);
}

void wait_for_products(unsigned pending, Site site) {
    Processor::current()->collective(wait_of_warp, WHOLE_WARP, &pending, site);
}

uint64_t describe_factor(int64_t first) { return FactorDescriptor::encode(first); }

}  // namespace emulator
