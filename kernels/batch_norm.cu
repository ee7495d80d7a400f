// Batch normalisation over the rows of a matrix, in f32.
//
//   y[i,c] = (x[i,c] - mean[c]) / sqrt(variance[c] + epsilon) * weight[c] + bias[c]
//
// The two-dimensional kind is the same with rows = N*H*W. In training mean and variance are the
// batch's (batch_norm_statistics writes them, the variance biased), in evaluation the running ones,
// which batch_norm_running_average moves towards the batches'.
//
// Layout:  x, y and their gradients [rows, channels] contiguous; the rest [channels].
// Tiling:  elementwise kernels: one thread per element, walking in steps of the grid. Sums over rows:
//          one block per blockDim.x channels, its rows shared out over threadIdx.y; one float of
//          shared memory per thread.
// Writes:  '=' only.
// Sums:    compensated within a thread, then over threadIdx.y in order: no atomics, the same bits
//          every time.

#include "common.cuh"

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
    u64 rows;
    int channels;
    float epsilon;
};

__device__ inline float inverse_deviation(const BatchNormArgs& a, int channel) {
    return 1.0f / sqrtf(a.variance[channel] + a.epsilon);
}

// Reads x; writes mean, variance (divided by rows) and unbiased_variance (divided by rows - 1).
extern "C" __global__ void batch_norm_statistics(const __grid_constant__ BatchNormArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    const int channel = blockIdx.x * blockDim.x + threadIdx.x;
    const bool inside = channel < a.channels;

    CompensatedSum values;
    if (inside) {
        for (u64 row = threadIdx.y; row < a.rows; row += blockDim.y) {
            values.add(a.x[row * a.channels + channel]);
        }
    }
    const float mean = column_sum(values.sum, shared) / float(a.rows);

    // A second walk: the difference of mean square and squared mean would cancel.
    CompensatedSum squares;
    if (inside) {
        for (u64 row = threadIdx.y; row < a.rows; row += blockDim.y) {
            const float centred = a.x[row * a.channels + channel] - mean;
            squares.add(centred * centred);
        }
    }
    const float square = column_sum(squares.sum, shared);

    if (inside && threadIdx.y == 0) {
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

// Reads x, dy, mean, variance; writes dbias (sum of dy) and dweight (sum of dy * normalised x), in
// training and evaluation alike. Without x, which may be null, dbias alone.
extern "C" __global__ void batch_norm_parameter_gradients(const __grid_constant__ BatchNormArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    const int channel = blockIdx.x * blockDim.x + threadIdx.x;
    const bool inside = channel < a.channels;

    CompensatedSum gradients, products;
    if (inside) {
        const float mean = a.x == nullptr ? 0.0f : a.mean[channel];
        for (u64 row = threadIdx.y; row < a.rows; row += blockDim.y) {
            const u64 i = row * a.channels + channel;
            gradients.add(a.dy[i]);
            if (a.x != nullptr) products.add(a.dy[i] * (a.x[i] - mean));
        }
    }
    const float dbias = column_sum(gradients.sum, shared);
    const float product = column_sum(products.sum, shared);

    if (inside && threadIdx.y == 0) {
        a.dbias[channel] = dbias;
        if (a.x != nullptr) a.dweight[channel] = product * inverse_deviation(a, channel);
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
