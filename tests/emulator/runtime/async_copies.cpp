#include "async_copies.hpp"

#include <algorithm>
#include <cstring>

#include "processor.hpp"

namespace emulator {

namespace {

void copy(char* target, const void* from, bool zeros) {
    if (zeros) {
        std::memset(target, 0, AsyncCopies::BYTES);
    } else {
        std::memcpy(target, from, AsyncCopies::BYTES);
    }
}

}  // namespace

void AsyncCopies::begin_block(unsigned threads) {
    if (queues.size() < threads) queues.resize(threads);
    for (Queue& queue : queues) {
        queue.copies.clear();
        queue.groups = 0;
    }
}

void AsyncCopies::copy_some(Processor& processor, Queue& queue) {
    for (Copy& one : queue.copies) {
        if (one.done || !processor.random.coin()) continue;
        copy(one.target, one.from, one.zeros);
        one.done = true;
    }
}

void AsyncCopies::issue(Processor& processor, int64_t to, const void* from, bool zeros) {
    if (!zeros && reinterpret_cast<uintptr_t>(from) % BYTES != 0) {
        processor.fail("copies from address %p, which is not a multiple of 16", from);
    }
    char* target = processor.shared.begin_async_write(to, BYTES, processor.running);
    Queue& queue = queues[processor.running];
    queue.copies.push_back({to, target, from, zeros, false, queue.groups});
    copy_some(processor, queue);
}

void AsyncCopies::commit(Processor& processor) {
    Queue& queue = queues[processor.running];
    ++queue.groups;
    copy_some(processor, queue);
}

void AsyncCopies::wait(Processor& processor, unsigned pending) {
    Queue& queue = queues[processor.running];
    const uint64_t complete = queue.groups > pending ? queue.groups - pending : 0;
    const auto waited_for = [&](const Copy& one) { return one.group < complete; };
    for (const Copy& one : queue.copies) {
        if (!waited_for(one)) continue;
        if (!one.done) copy(one.target, one.from, one.zeros);
        processor.shared.end_async_write(one.to, BYTES, processor.running);
    }
    auto& copies = queue.copies;
    copies.erase(std::remove_if(copies.begin(), copies.end(), waited_for), copies.end());
    copy_some(processor, queue);
}

}  // namespace emulator
