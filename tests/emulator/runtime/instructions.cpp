#include "instructions.hpp"

namespace emulator {

namespace {

constexpr uint32_t WHOLE_WARP = 0xffffffff;

struct Shuffle {
    uint32_t value, result;
    int mask;
};

void exchange(void* const lanes[WARP_LANES], uint32_t) {
    for (unsigned i = 0; i < WARP_LANES; ++i) {
        Shuffle& own = *static_cast<Shuffle*>(lanes[i]);
        const unsigned from = i ^ unsigned(own.mask);
        if (from >= WARP_LANES) {
            Processor::current()->fail("shuffles with mask %d: there is no lane %u", own.mask, from);
        }
        own.result = static_cast<Shuffle*>(lanes[from])->value;
    }
}

// ldmatrix: lane i gives row i % 8 of matrix i / 8.
struct MatrixRows {
    int64_t row;
    uint32_t* matrices;
    bool transposed;
};

void load(void* const lanes[WARP_LANES], uint32_t) {
    constexpr unsigned ROW_BYTES = 16;
    Processor& processor = *Processor::current();
    uint16_t elements[4][8][8];
    for (unsigned i = 0; i < WARP_LANES; ++i) {
        const MatrixRows& own = *static_cast<MatrixRows*>(lanes[i]);
        const unsigned thread = processor.thread_in_lane(i);
        std::memcpy(elements[i / 8][i % 8],
                    processor.shared.read(own.row, ROW_BYTES, ROW_BYTES, thread), ROW_BYTES);
    }
    for (unsigned i = 0; i < WARP_LANES; ++i) {
        MatrixRows& own = *static_cast<MatrixRows*>(lanes[i]);
        const unsigned row = i / 4, column = i % 4 * 2;
        for (unsigned m = 0; m < 4; ++m) {
            const auto& matrix = elements[m];
            own.matrices[m] = own.transposed ? pair(matrix[column][row], matrix[column + 1][row])
                                             : pair(matrix[row][column], matrix[row][column + 1]);
        }
    }
}

struct Fragments {
    float* sum;
    const uint32_t* a;
    const uint32_t* b;
};

// The formats. Each says where the elements of a lane's registers stand in A and B, with
// group = lane / 4 and member = lane % 4.
struct F16 {
    static float widen(uint16_t bits) { return from_f16(bits); }
};
struct Bf16 {
    static float widen(uint16_t bits) { return from_bf16(bits); }
};

// Two numbers a register; the register pairs lie 8 columns of A (rows of B) apart.
template <typename Format, unsigned K>
struct Halves {
    static constexpr unsigned DEPTH = K;
    static void unpack_a(float (&a)[16][K], const uint32_t* registers, unsigned group, unsigned member) {
        for (unsigned i = 0; i < K / 4; ++i) {
            const unsigned row = group + 8 * (i % 2), column = 2 * member + 8 * (i / 2);
            a[row][column] = Format::widen(uint16_t(registers[i]));
            a[row][column + 1] = Format::widen(uint16_t(registers[i] >> 16));
        }
    }
    static void unpack_b(float (&b)[K][8], const uint32_t* registers, unsigned group, unsigned member) {
        for (unsigned i = 0; i < K / 8; ++i) {
            const unsigned row = 2 * member + 8 * i;
            b[row][group] = Format::widen(uint16_t(registers[i]));
            b[row + 1][group] = Format::widen(uint16_t(registers[i] >> 16));
        }
    }
};

struct Tf32 {
    static constexpr unsigned DEPTH = 8;
    static void unpack_a(float (&a)[16][8], const uint32_t* registers, unsigned group, unsigned member) {
        for (unsigned i = 0; i < 4; ++i) {
            a[group + 8 * (i % 2)][member + 4 * (i / 2)] = from_tf32(registers[i]);
        }
    }
    static void unpack_b(float (&b)[8][8], const uint32_t* registers, unsigned group, unsigned member) {
        for (unsigned i = 0; i < 2; ++i) b[member + 4 * i][group] = from_tf32(registers[i]);
    }
};

// D = A B + C with 16 x DEPTH, DEPTH x 8 and 16 x 8 elements; products and sums in f64, rounded once.
template <typename Layout>
void multiply(void* const lanes[WARP_LANES], uint32_t) {
    float a[16][Layout::DEPTH], b[Layout::DEPTH][8];
    for (unsigned lane = 0; lane < WARP_LANES; ++lane) {
        const Fragments& own = *static_cast<Fragments*>(lanes[lane]);
        Layout::unpack_a(a, own.a, lane / 4, lane % 4);
        Layout::unpack_b(b, own.b, lane / 4, lane % 4);
    }
    double products[16][8] = {};
    for (unsigned m = 0; m < 16; ++m) {
        for (unsigned k = 0; k < Layout::DEPTH; ++k) {
            for (unsigned n = 0; n < 8; ++n) products[m][n] += double(a[m][k]) * double(b[k][n]);
        }
    }
    for (unsigned lane = 0; lane < WARP_LANES; ++lane) {
        float* sum = static_cast<Fragments*>(lanes[lane])->sum;
        for (unsigned i = 0; i < 4; ++i) {
            sum[i] = float(sum[i] + products[lane / 4 + 8 * (i / 2)][lane % 4 * 2 + i % 2]);
        }
    }
}

}  // namespace

uint32_t shuffle_xor(uint32_t value, int mask, Site site) {
    Shuffle own = {value, 0, mask};
    Processor::current()->collective(exchange, WHOLE_WARP, &own, site);
    return own.result;
}

void load_matrices(uint32_t (&matrices)[4], int64_t row, bool transposed, Site site) {
    MatrixRows own = {row, matrices, transposed};
    Processor::current()->collective(load, WHOLE_WARP, &own, site);
}

void multiply_accumulate(Operands operands, float (&sum)[4], const uint32_t* a, const uint32_t* b, Site site) {
    Fragments own = {sum, a, b};
    Collective what = nullptr;
    switch (operands) {
        case Operands::F16_K8:
            what = multiply<Halves<F16, 8>>;
            break;
        case Operands::F16_K16:
            what = multiply<Halves<F16, 16>>;
            break;
        case Operands::BF16_K16:
            what = multiply<Halves<Bf16, 16>>;
            break;
        case Operands::TF32_K8:
            what = multiply<Tf32>;
            break;
    }
    Processor::current()->collective(what, WHOLE_WARP, &own, site);
}

void copy_async(int64_t to, const void* from, bool copy) {
    const RuntimeScope scope;
    scope.processor.copies.issue(scope.processor, to, from, !copy);
}

void commit_async() {
    const RuntimeScope scope;
    scope.processor.copies.commit(scope.processor);
}

void wait_async(unsigned pending) {
    const RuntimeScope scope;
    scope.processor.copies.wait(scope.processor, pending);
}

}  // namespace emulator
