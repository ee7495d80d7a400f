// Batch normalisation over the rows of a matrix, in f32.
//
//   y[i,c] = (x[i,c] - mean[c]) / sqrt(variance[c] + epsilon) * weight[c] + bias[c]
//
// The two-dimensional kind is the same with rows = N*H*W. In training mean and variance are the
// batch's (batch_norm_sums, _squares and _statistics make them, the variance biased), in evaluation the running
// ones, which batch_norm_running_average moves towards the batches'.
//
// Layout:  x, y and their gradients [rows, channels] contiguous; the rest [channels].
// Tiling:  elementwise kernels: one thread per element, walking in steps of the grid. Sums over rows
//          (see columns.cuh): a block per blockDim.x channels and part of part_rows rows, whose rows are shared
//          out over threadIdx.y; one float of shared memory per thread. What is made of the parts: a block
//          per blockDim.x channels.
// Writes:  '=' only.
// Sums:    compensated within a thread, then over threadIdx.y and over the parts in order: no atomics, the
//          same bits every time.

#include "columns.cuh"

// What a kernel does not name may be null.
struct BatchNormArgs {
    const float* x;
    float* y;
    const float* weight;
    const float* bias;
    float* mean;
    float* variance;
    float* unbiased_variance;
    const float* dy;
    float* dx;
    float* dweight;
    float* dbias;
    float* first_parts;   // [part_count, channels]: sums of x, or of dy
    float* second_parts;  // the same: sums of (x - mean)^2, or of dy (x - mean)
    u64 rows;
    u64 part_rows;
    int part_count;
    int channels;
    float epsilon;
    int unused;  // keeps the size a multiple of 8
};

__device__ inline float inverse_deviation(const BatchNormArgs& a, int channel) {
    return 1.0f / sqrtf(a.variance[channel] + a.epsilon);
}

// The sum of all parts, for this thread's channel.
__device__ inline float sum_of_parts(const BatchNormArgs& a, const float* parts, Shared<float> shared) {
    const int channel = own_column();
    return column_sum_of({0, u64(a.part_count)}, channel < a.channels, shared,
                         [&](u64 part) { return parts[part * a.channels + channel]; });
}

// Writes the part of this block, for its channels.
__device__ inline void write_part(const BatchNormArgs& a, float* parts, float sum) {
    const int channel = own_column();
    if (channel < a.channels && threadIdx.y == 0) parts[u64(blockIdx.y) * a.channels + channel] = sum;
}

// Reads x; writes first_parts.
extern "C" __global__ void batch_norm_sums(const __grid_constant__ BatchNormArgs a) {
    const int channel = own_column();
    const float sum = column_sum_of(Rows::of_block(a.rows, a.part_rows), channel < a.channels,
                                    dynamic_shared<float>(),
                                    [&](u64 row) { return a.x[row * a.channels + channel]; });
    write_part(a, a.first_parts, sum);
}

// Reads x and first_parts; writes second_parts. A second walk over x: the difference of mean square and squared mean
// would cancel.
extern "C" __global__ void batch_norm_squares(const __grid_constant__ BatchNormArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    const int channel = own_column();
    const float mean = sum_of_parts(a, a.first_parts, shared) / float(a.rows);
    const float square = column_sum_of(Rows::of_block(a.rows, a.part_rows), channel < a.channels, shared, [&](u64 row) {
        const float centred = a.x[row * a.channels + channel] - mean;
        return centred * centred;
    });
    write_part(a, a.second_parts, square);
}

// Reads both parts; writes mean, variance (divided by rows) and unbiased_variance (divided by rows - 1).
extern "C" __global__ void batch_norm_statistics(const __grid_constant__ BatchNormArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    const int channel = own_column();
    const float mean = sum_of_parts(a, a.first_parts, shared) / float(a.rows);
    const float square = sum_of_parts(a, a.second_parts, shared);
    if (channel < a.channels && threadIdx.y == 0) {
        a.mean[channel] = mean;
        a.variance[channel] = square / float(a.rows);
        a.unbiased_variance[channel] = square / float(a.rows - 1);
    }
}

// Reads x, mean, variance, weight, bias; writes y.
extern "C" __global__ void batch_norm_forward(const __grid_constant__ BatchNormArgs a) {
    const u64 elements = a.rows * a.channels;
    for (u64 i = grid_thread(); i < elements; i += grid_threads()) {
        const int c = int(i % a.channels);
        const float normal = (a.x[i] - a.mean[c]) * inverse_deviation(a, c);
        a.y[i] = normal * a.weight[c] + a.bias[c];
    }
}

// Reads x, dy, mean; writes both parts.
extern "C" __global__ void batch_norm_gradient_sums(const __grid_constant__ BatchNormArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    const int channel = own_column();
    const bool inside = channel < a.channels;
    const Rows rows = Rows::of_block(a.rows, a.part_rows);
    const float mean = inside ? a.mean[channel] : 0.0f;
    CompensatedSum gradients, products;
    if (inside) {
        for (u64 row = rows.begin + threadIdx.y; row < rows.end; row += blockDim.y) {
            const u64 i = row * a.channels + channel;
            gradients.add(a.dy[i]);
            products.add(a.dy[i] * (a.x[i] - mean));
        }
    }
    write_part(a, a.first_parts, column_sum(gradients.sum, shared));
    write_part(a, a.second_parts, column_sum(products.sum, shared));
}

// Reads both parts and variance; writes dbias (sum of dy) and dweight (sum of dy * normalised x), in training and
// evaluation alike.
extern "C" __global__ void batch_norm_parameter_gradients(const __grid_constant__ BatchNormArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    const int channel = own_column();
    const float gradient = sum_of_parts(a, a.first_parts, shared);
    const float product = sum_of_parts(a, a.second_parts, shared);
    if (channel < a.channels && threadIdx.y == 0) {
        a.dbias[channel] = gradient;
        a.dweight[channel] = product * inverse_deviation(a, channel);
    }
}

// Evaluation: reads dy, variance, weight; writes dx.
extern "C" __global__ void batch_norm_eval_input_gradient(const __grid_constant__ BatchNormArgs a) {
    const u64 elements = a.rows * a.channels;
    for (u64 i = grid_thread(); i < elements; i += grid_threads()) {
        const int c = int(i % a.channels);
        a.dx[i] = a.dy[i] * (a.weight[c] * inverse_deviation(a, c));
    }
}

// Training, where mean and variance depend on x: reads x, dy, mean, variance, weight and what
// batch_norm_parameter_gradients wrote; writes
//   dx = weight / deviation * (dy - dbias / rows - normalised x * dweight / rows).
extern "C" __global__ void batch_norm_train_input_gradient(const __grid_constant__ BatchNormArgs a) {
    const u64 elements = a.rows * a.channels;
    const float share = 1.0f / float(a.rows);
    for (u64 i = grid_thread(); i < elements; i += grid_threads()) {
        const int c = int(i % a.channels);
        const float inverse = inverse_deviation(a, c);
        const float normal = (a.x[i] - a.mean[c]) * inverse;
        const float centred = a.dy[i] - a.dbias[c] * share - normal * (a.dweight[c] * share);
        a.dx[i] = a.weight[c] * inverse * centred;
    }
}

struct RunningAverageArgs {
    const float* running;
    const float* batch;
    float* moved;
    u64 channels;
    float momentum;
    int unused;  // keeps the size a multiple of 8
};

// Reads running and batch; writes moved = (1 - momentum) * running + momentum * batch.
extern "C" __global__ void batch_norm_running_average(const __grid_constant__ RunningAverageArgs a) {
    for (u64 i = grid_thread(); i < a.channels; i += grid_threads()) {
        a.moved[i] = (1.0f - a.momentum) * a.running[i] + a.momentum * a.batch[i];
    }
}
