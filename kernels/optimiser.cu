// One step of an optimiser on one parameter, in f32, with PyTorch's rules.
//
// Layout:  parameter, gradient and what the optimiser remembers: contiguous, one element each.
// Tiling:  one thread per element, walking in steps of the grid.
// Writes:  the parameter and what is remembered, in place.

#include "common.cuh"

// velocity may be null where momentum is 0.
struct SgdArgs {
    float* parameter;
    const float* gradient;
    float* velocity;
    u64 elements;
    float rate;
    float momentum;
    float decay;
    int nesterov;
};

// root: sqrt(1 - beta2^t); step: learning rate / (1 - beta1^t); shrink: factor of the parameter before
// the step (decoupled weight decay); decay: L2, added to the gradient.
struct AdamArgs {
    float* parameter;
    const float* gradient;
    float* first;
    float* second;
    u64 elements;
    float betas[2];
    float root;
    float epsilon;
    float step;
    float shrink;
    float decay;
    int unused;  // keeps the size a multiple of 8
};

// gradient += decay * parameter; velocity = momentum * velocity + gradient;
// parameter -= rate * velocity, or with Nesterov rate * (gradient + momentum * velocity).
extern "C" __global__ void optimiser_sgd(const __grid_constant__ SgdArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) {
        const float parameter = a.parameter[i];
        float direction = a.gradient[i] + a.decay * parameter;
        if (a.velocity != nullptr) {
            const float velocity = a.momentum * a.velocity[i] + direction;
            a.velocity[i] = velocity;
            direction = a.nesterov ? direction + a.momentum * velocity : velocity;
        }
        a.parameter[i] = parameter - a.rate * direction;
    }
}

// first and second are the moments of the gradient.
extern "C" __global__ void optimiser_adam(const __grid_constant__ AdamArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) {
        const float start = a.parameter[i] * a.shrink;
        const float gradient = a.gradient[i] + a.decay * start;
        const float first = a.first[i] + (1.0f - a.betas[0]) * (gradient - a.first[i]);
        const float second = a.betas[1] * a.second[i] + (1.0f - a.betas[1]) * gradient * gradient;
        a.first[i] = first;
        a.second[i] = second;
        a.parameter[i] = start - a.step * first / (sqrtf(second) / a.root + a.epsilon);
    }
}
