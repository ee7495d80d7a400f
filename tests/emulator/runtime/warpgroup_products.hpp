// Products of warpgroups (wgmma), which go on beside the threads. Each warp's 16 rows are computed for themselves.
//
// Factors are read at a drawn moment between the product's start and the wait for it. Meanwhile the sums' registers
// hold NaN, and copies to the factors are refused.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace emulator {

class Processor;

struct ProductFormat {
    unsigned columns;  // of the sum
    float (*widen)(uint16_t);
};

// A descriptor of a factor in shared memory. (PTX ISA, "Matrix Descriptor Format".)
struct FactorDescriptor {
    static FactorDescriptor decode(uint64_t bits);
    static uint64_t encode(int64_t first);
    // What no kernel here uses, or null.
    const char* problem() const;
    // The byte of shared memory with 16-bit number `depth` of a row.
    int64_t place(unsigned row, unsigned depth) const;

    int64_t first, group_bytes;
    unsigned base, swizzle;
};

class WarpgroupProducts {
   public:
    static constexpr unsigned LANES = 32, ROWS = 16, DEPTH = 16;

    void begin_block();
    bool are_under_way() const;
    // Fails if a product under way may still read these bytes.
    void check_unread(Processor& processor, int64_t offset, unsigned bytes) const;

    // What follows acts for the running thread's warp, all lanes of which have come.
    void fence(unsigned warp) { warps[warp].fenced = true; }
    void start(Processor& processor, unsigned warp, const ProductFormat& format, float* const (&sums)[LANES],
               uint64_t a, uint64_t b, bool accumulate);
    void commit(unsigned warp);
    void wait(Processor& processor, unsigned warp, unsigned pending);

   private:
    // The sums of a warp while products add to them; the registers hold NaN.
    struct Sums {
        float* registers[LANES];
        unsigned count;             // of each lane
        std::vector<float> values;  // by lane
        unsigned users = 0;         // products that were not waited for
    };
    struct Product {
        ProductFormat format;
        FactorDescriptor a, b;
        bool accumulate, done;
        float* sums;  // lane 0's registers, which stand for all
        uint64_t group;
    };
    struct Warp {
        std::deque<Product> products;
        std::map<float*, Sums> sums;
        uint64_t groups = 0;  // committed
        bool fenced = false;
    };
    void run(Processor& processor, unsigned warp, Product& product);
    void give_back(Processor& processor, Warp& warp, float* sums);

    std::vector<Warp> warps;
};

}  // namespace emulator
