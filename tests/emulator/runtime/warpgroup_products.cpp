#include "warpgroup_products.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "processor.hpp"

namespace emulator {

namespace {

constexpr int64_t ROW_BYTES = 128, QUAD_BYTES = 16, GROUP_ROWS = 8;
constexpr unsigned WARPS_OF_GROUP = 4;

int64_t swizzled(int64_t address) { return address ^ ((address / ROW_BYTES % GROUP_ROWS) * QUAD_BYTES); }

}  // namespace

FactorDescriptor FactorDescriptor::decode(uint64_t bits) {
    return {int64_t(bits & 0x3fff) << 4, int64_t(bits >> 32 & 0x3fff) << 4, unsigned(bits >> 49 & 7),
            unsigned(bits >> 62)};
}

uint64_t FactorDescriptor::encode(int64_t first) {
    return uint64_t(first & 0x3ffff) >> 4 | uint64_t(1) << 16 | uint64_t(GROUP_ROWS * ROW_BYTES >> 4) << 32 |
           uint64_t(1) << 62;
}

const char* FactorDescriptor::problem() const {
    if (swizzle != 1) return "that is not swizzled by 128 bytes";
    if (base != 0 || first / ROW_BYTES % GROUP_ROWS != 0) return "whose first row is not at a multiple of 1024 bytes";
    return nullptr;
}

int64_t FactorDescriptor::place(unsigned row, unsigned depth) const {
    return swizzled(first + row / GROUP_ROWS * group_bytes + row % GROUP_ROWS * ROW_BYTES + depth * 2);
}

void WarpgroupProducts::begin_block() {
    warps.clear();
    warps.resize(MAX_BLOCK_THREADS / LANES);
}

bool WarpgroupProducts::are_under_way() const {
    for (const Warp& warp : warps) {
        if (!warp.products.empty()) return true;
    }
    return false;
}

void WarpgroupProducts::check_unread(Processor& processor, int64_t offset, unsigned bytes) const {
    for (size_t number = 0; number < warps.size(); ++number) {
        for (const Product& product : warps[number].products) {
            const auto overlaps = [&](const FactorDescriptor& factor, unsigned rows) {
                const int64_t begin = factor.first / ROW_BYTES * ROW_BYTES;
                return begin < offset + bytes && offset < begin + rows / GROUP_ROWS * factor.group_bytes;
            };
            if (overlaps(product.a, ROWS * WARPS_OF_GROUP) || overlaps(product.b, product.format.columns)) {
                processor.fail("copies to byte %lld of shared memory, which a product of warp %zu may still be reading",
                               (long long)offset, number);
            }
        }
    }
}

void WarpgroupProducts::start(Processor& processor, unsigned number, const ProductFormat& format,
                              float* const (&registers)[LANES], uint64_t a, uint64_t b, bool accumulate) {
    Warp& warp = warps[number];
    if (!warp.fenced) processor.fail("multiplies without a wgmma_fence since the last group");
    Product product = {format, FactorDescriptor::decode(a), FactorDescriptor::decode(b),
                       accumulate, false, registers[0], warp.groups};
    for (const FactorDescriptor* factor : {&product.a, &product.b}) {
        if (const char* problem = factor->problem()) processor.fail("multiplies a factor %s", problem);
    }
    // Whether the factors are there is known now; what they are is read later.
    const unsigned first_row = number % WARPS_OF_GROUP * ROWS;
    for (unsigned quad = 0; quad < DEPTH; quad += QUAD_BYTES / 2) {
        for (unsigned i = 0; i < ROWS; ++i) {
            processor.shared.check_for_product(product.a.place(first_row + i, quad), QUAD_BYTES, processor.running);
        }
        for (unsigned i = 0; i < format.columns; ++i) {
            processor.shared.check_for_product(product.b.place(i, quad), QUAD_BYTES, processor.running);
        }
    }
    const auto [found, is_new] = warp.sums.try_emplace(registers[0]);
    Sums& sums = found->second;
    if (is_new) {
        sums.count = format.columns / 2;
        sums.values.resize(size_t(LANES) * sums.count);
        for (unsigned lane = 0; lane < LANES; ++lane) {
            sums.registers[lane] = registers[lane];
            std::memcpy(&sums.values[size_t(lane) * sums.count], registers[lane], sums.count * sizeof(float));
            std::fill_n(registers[lane], sums.count, std::numeric_limits<float>::quiet_NaN());
        }
    }
    ++sums.users;
    warp.products.push_back(product);
    // In their order: they may add to the same sums.
    for (Product& earlier : warp.products) {
        if (earlier.done) continue;
        if (!processor.random.coin()) break;
        run(processor, number, earlier);
    }
}

// Products and sums in f64, rounded once.
void WarpgroupProducts::run(Processor& processor, unsigned number, Product& product) {
    const auto read = [&](const FactorDescriptor& factor, unsigned row, unsigned depth) {
        uint16_t bits;
        std::memcpy(&bits, processor.shared.content(factor.place(row, depth)), sizeof bits);
        return product.format.widen(bits);
    };
    const unsigned columns = product.format.columns, first_row = number % WARPS_OF_GROUP * ROWS;
    float a[ROWS][DEPTH];
    for (unsigned i = 0; i < ROWS; ++i) {
        for (unsigned d = 0; d < DEPTH; ++d) a[i][d] = read(product.a, first_row + i, d);
    }
    Sums& sums = warps[number].sums.at(product.sums);
    for (unsigned j = 0; j < columns; ++j) {
        float b[DEPTH];
        for (unsigned d = 0; d < DEPTH; ++d) b[d] = read(product.b, j, d);
        for (unsigned i = 0; i < ROWS; ++i) {
            const unsigned lane = i % 8 * 4 + j % 8 / 2, at = j / 8 * 4 + i / 8 * 2 + j % 2;
            float& sum = sums.values[size_t(lane) * sums.count + at];
            double total = product.accumulate ? sum : 0.0;
            for (unsigned d = 0; d < DEPTH; ++d) total += double(a[i][d]) * double(b[d]);
            sum = float(total);
        }
    }
    product.done = true;
}

void WarpgroupProducts::commit(unsigned number) {
    ++warps[number].groups;
    warps[number].fenced = false;
}

void WarpgroupProducts::wait(Processor& processor, unsigned number, unsigned pending) {
    Warp& warp = warps[number];
    const uint64_t complete = warp.groups > pending ? warp.groups - pending : 0;
    while (!warp.products.empty() && warp.products.front().group < complete) {
        Product product = warp.products.front();
        if (!product.done) run(processor, number, product);
        warp.products.pop_front();
        if (--warp.sums.at(product.sums).users == 0) give_back(processor, warp, product.sums);
    }
}

void WarpgroupProducts::give_back(Processor& processor, Warp& warp, float* key) {
    const Sums& sums = warp.sums.at(key);
    for (unsigned lane = 0; lane < LANES; ++lane) {
        for (unsigned i = 0; i < sums.count; ++i) {
            if (!std::isnan(sums.registers[lane][i])) {
                processor.fail("writes to the sums of a product before it waits for it");
            }
            sums.registers[lane][i] = sums.values[size_t(lane) * sums.count + i];
        }
    }
    warp.sums.erase(key);
}

}  // namespace emulator
