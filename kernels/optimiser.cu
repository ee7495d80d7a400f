// One step of an optimiser on many parameters at once, in f32, with PyTorch's rules.
//
// Layout:  the arguments hold a table with one column for each parameter: addresses of the parameter,
//          its gradient and what the optimiser remembers, all contiguous with one element each, and the
//          number of elements. By value, so that a step waits for no copy; more parameters than
//          COLUMNS take several launches.
// Tiling:  blockIdx.y is the column; one thread per element, walking in steps of the grid's x.
// Writes:  the parameters and what is remembered, in place. No two columns may share memory.

#include "common.cuh"

constexpr int COLUMNS = 96;

// The velocities may be null where momentum is 0.
struct SgdArgs {
    float* parameters[COLUMNS];
    const float* gradients[COLUMNS];
    float* velocities[COLUMNS];
    u64 elements[COLUMNS];
    float rate;
    float momentum;
    float decay;
    int nesterov;
};

// root: sqrt(1 - beta2^t); step: learning rate / (1 - beta1^t); shrink: factor of the parameter before
// the step (decoupled weight decay); decay: L2, added to the gradient.
struct AdamArgs {
    float* parameters[COLUMNS];
    const float* gradients[COLUMNS];
    float* firsts[COLUMNS];
    float* seconds[COLUMNS];
    u64 elements[COLUMNS];
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
    const unsigned column = blockIdx.y;
    float* const parameters = a.parameters[column];
    const float* const gradients = a.gradients[column];
    float* const velocities = a.velocities[column];
    for (u64 i = grid_thread(); i < a.elements[column]; i += grid_threads()) {
        const float parameter = parameters[i];
        float direction = gradients[i] + a.decay * parameter;
        if (velocities != nullptr) {
            const float velocity = a.momentum * velocities[i] + direction;
            velocities[i] = velocity;
            direction = a.nesterov ? direction + a.momentum * velocity : velocity;
        }
        parameters[i] = parameter - a.rate * direction;
    }
}

// The moments of the gradient are remembered.
extern "C" __global__ void optimiser_adam(const __grid_constant__ AdamArgs a) {
    const unsigned column = blockIdx.y;
    float* const parameters = a.parameters[column];
    const float* const gradients = a.gradients[column];
    float* const firsts = a.firsts[column];
    float* const seconds = a.seconds[column];
    for (u64 i = grid_thread(); i < a.elements[column]; i += grid_threads()) {
        const float start = parameters[i] * a.shrink;
        const float gradient = gradients[i] + a.decay * start;
        const float first = firsts[i] + (1.0f - a.betas[0]) * (gradient - firsts[i]);
        const float second = a.betas[1] * seconds[i] + (1.0f - a.betas[1]) * gradient * gradient;
        firsts[i] = first;
        seconds[i] = second;
        parameters[i] = start - a.step * first / (sqrtf(second) / a.root + a.epsilon);
    }
}
