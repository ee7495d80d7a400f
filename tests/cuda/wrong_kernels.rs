//! What a GPU would punish is found: each mistake of `tests/emulator/wrong_kernels` is made and reported.

use super::on_device::skips_emulator;
use super::test_kernels::{TestDevice, launch_of, pair};
use crossmax_emulator::Launch;

const NUMBERS: usize = 64;
/// The seeds draw, among other things, which edge of its pages an allocation is put at.
const SEEDS: std::ops::Range<u64> = 0..8;

/// Demands that a launch failed with a message that contains all `parts`.
fn demand_message(found: Result<(), String>, parts: &[&str]) {
    let message = found.expect_err("a message");
    for part in parts {
        assert!(message.contains(part), "expected `{part}` in: {message}");
    }
}

/// Runs a kernel of `memory.cu` on two arrays; the message, or the first number of y.
fn misuse_memory(seed: u64, entry: &str) -> Result<f32, String> {
    let device = TestDevice::new(seed);
    let (x, y) = (device.put(&[1.0_f32; NUMBERS]), device.put(&[2.0_f32; NUMBERS]));
    let args = [x, y, pair(NUMBERS as u32, 0)];
    device.run("memory.cu", entry, launch_of(2, 32, 0), &args)?;
    Ok(device.get(y, 1)[0])
}

#[test]
fn writes_outside_an_allocation_are_reported_in_every_layout() {
    if skips_emulator() {
        return;
    }
    for seed in SEEDS {
        let message = misuse_memory(seed, "writes_behind_end").map(drop);
        demand_message(
            message,
            &[
                "writes_behind_end",
                "byte 0 behind the end of allocation 1 (256 bytes)",
            ],
        );
        let message = misuse_memory(seed, "writes_before_begin").map(drop);
        demand_message(
            message,
            &["writes_before_begin", "4 bytes before allocation 1 (256 bytes)"],
        );
    }
}

#[test]
fn reads_outside_an_allocation_are_reported_or_give_nan() {
    if skips_emulator() {
        return;
    }
    for (entry, place) in [
        (
            "reads_behind_end",
            "byte 0 behind the end of allocation 1 (256 bytes)",
        ),
        ("reads_before_begin", "4 bytes before allocation 1 (256 bytes)"),
    ] {
        let found: Vec<_> = SEEDS.map(|seed| misuse_memory(seed, entry)).collect();
        let (reported, read): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_err);
        assert!(!reported.is_empty(), "{entry}: no layout reports it");
        for message in reported {
            let thread = format!("{entry}, block (0,0,0), thread (0,0,0): ");
            demand_message(message.map(drop), &[&thread, place]);
        }
        assert!(read.into_iter().flatten().all(f32::is_nan), "{entry}");
    }
}

#[test]
fn freed_memory_and_null_pointers_are_reported() {
    if skips_emulator() {
        return;
    }
    let device = TestDevice::new(1);
    let x = device.put(&[1.0_f32; NUMBERS]);
    let run = |x| device.run("memory.cu", "writes_begin", launch_of(1, 32, 0), &[x, 0, 0]);
    assert_eq!(run(x), Ok(()));
    device.device.free(x).unwrap();
    let place = "byte 0 of the freed allocation 1 (256 bytes)";
    demand_message(run(x), &["writes_begin, block (0,0,0), thread (3,0,0): ", place]);
    demand_message(run(0), &["thread (3,0,0): ", "the null pointer"]);
    assert!(device.device.free(x).is_err(), "freed twice");
    assert!(
        device.device.read(&mut [0], x).is_err(),
        "read after it was freed"
    );
}

#[test]
fn unwritten_memory_is_nan_and_no_index() {
    if skips_emulator() {
        return;
    }
    for seed in SEEDS {
        let device = TestDevice::new(seed);
        let (x, y) = (device.fresh::<f32>(NUMBERS), device.fresh::<f32>(1));
        let args = [x, y, pair(NUMBERS as u32, 0)];
        let run = |entry| device.run("memory.cu", entry, launch_of(1, 32, 0), &args);
        assert_eq!(run("copies_first"), Ok(()));
        assert!(device.get::<f32>(y, 1)[0].is_nan());
        demand_message(
            run("follows_unwritten_index"),
            &["thread (0,0,0): ", "behind the end of allocation"],
        );
    }
}

#[test]
fn misaligned_vectors_are_reported() {
    if skips_emulator() {
        return;
    }
    let found = misuse_memory(1, "reads_misaligned_vector").map(drop);
    demand_message(found, &["an address that is not a multiple of its size"]);
}

#[test]
fn races_in_shared_memory_are_reported() {
    if skips_emulator() {
        return;
    }
    let run = |seed, entry| {
        let device = TestDevice::new(seed);
        let y = device.fresh::<f32>(64);
        device.run("shared.cu", entry, launch_of(1, 64, 256), &[y])
    };
    for (entry, parts) in [
        (
            "all_write_one",
            ["writes byte 0 of shared memory", "wrote with no barrier between"],
        ),
        (
            "reads_unwritten",
            [
                "reads byte 0 of shared memory, which nobody wrote",
                "thread (0,0,0)",
            ],
        ),
        (
            "writes_behind_shared",
            [
                "writes bytes 256 to 259 of the block's 256 bytes",
                "thread (63,0,0)",
            ],
        ),
    ] {
        for seed in SEEDS {
            demand_message(run(seed, entry), &parts);
        }
    }
    // What is found first depends on the order.
    let since_begin = "wrote with no barrier between (both since the block began)";
    let since_barrier = "with no barrier between (both since the barrier at shared.cu:18)";
    for (entry, kinds) in [
        ("forgets_barrier", ["which nobody wrote", since_begin]),
        ("trusts_lockstep", ["which nobody wrote", since_begin]),
        (
            "forgets_barrier_before_reuse",
            [since_barrier, "read with no barrier between"],
        ),
    ] {
        let messages: Vec<_> = SEEDS.filter_map(|seed| run(seed, entry).err()).collect();
        assert_eq!(messages.len(), SEEDS.count(), "{entry} passed");
        for kind in kinds {
            assert!(
                messages.iter().any(|message| message.contains(kind)),
                "{messages:?}"
            );
        }
    }
}

#[test]
fn threads_that_do_not_meet_are_reported() {
    if skips_emulator() {
        return;
    }
    for (entry, threads, parts) in [
        (
            "some_threads_end_before_barrier",
            64,
            [
                "threads 0-39 wait at control.cu:13 (barrier), threads 40-63 ended",
                "",
            ],
        ),
        (
            "two_barriers_at_once",
            3,
            [
                "thread 0 waits at control.cu:19 (barrier)",
                "thread 1 waits at control.cu:21 (barrier)",
            ],
        ),
        (
            "lane_misses_shuffle",
            32,
            [
                "threads 0-4 wait at common.cuh:",
                "(warp operation), thread 5 ended",
            ],
        ),
        (
            "shuffles_whole_warps",
            40,
            ["for the lanes 0xffffffff; it is lane", "of a warp of 8"],
        ),
    ] {
        for seed in SEEDS {
            let device = TestDevice::new(seed);
            let y = device.fresh::<f32>(threads);
            let launch = launch_of(1, threads as u32, 0);
            demand_message(device.run("control.cu", entry, launch, &[y, 0]), &parts);
        }
    }
}

#[test]
fn threads_without_an_end_are_stopped() {
    if skips_emulator() {
        return;
    }
    let device = TestDevice::new(1);
    let y = device.fresh::<f32>(64);
    for entry in ["never_ends", "never_stops_meeting"] {
        let launch = Launch {
            time_limit_ms: 50,
            ..launch_of(1, 64, 0)
        };
        let run = device.run("control.cu", entry, launch, &[y, 0]);
        demand_message(run, &[entry, "ran for 50 ms of CPU time without an end"]);
    }
    let run = device.run("control.cu", "recurses_deeply", launch_of(1, 64, 0), &[y, 0]);
    demand_message(run, &["needs more than 64 KiB of stack"]);
}

#[test]
#[cfg(target_arch = "x86_64")] // elsewhere the quotient is 0
fn a_division_by_zero_is_reported() {
    if skips_emulator() {
        return;
    }
    let device = TestDevice::new(1);
    let y = device.fresh::<f32>(64);
    let run = device.run("control.cu", "divides_by_zero", launch_of(1, 64, 0), &[y, 0]);
    demand_message(run, &["divides an integer by zero"]);
}

#[test]
fn mistakes_with_asynchronous_copies_are_reported() {
    if skips_emulator() {
        return;
    }
    let others = ["of shared memory, which thread", "with no barrier between"];
    let in_flight = [
        "which an asynchronous copy of thread",
        "may still be writing: no wait before",
    ];
    for (entry, parts) in [
        ("reads_without_wait", in_flight),
        ("waits_for_uncommitted", in_flight),
        ("waits_for_too_few", in_flight),
        ("overwrites_too_early", others),
        (
            "copies_misaligned",
            ["copies from address", "which is not a multiple of 16"],
        ),
    ] {
        for seed in SEEDS {
            demand_message(run_async_copy(seed, entry), &parts);
        }
    }
    // In one order the other's copy is done but not ordered, in another it is under way or not begun.
    for seed in SEEDS {
        demand_message(
            run_async_copy(seed, "reads_others_without_barrier"),
            &["reads byte", "of shared memory, which"],
        );
    }
    let outside = SEEDS.filter_map(|seed| run_async_copy(seed, "copies_from_behind_end").err());
    let messages: Vec<_> = outside.collect();
    assert!(!messages.is_empty(), "no layout reports it");
    for message in messages {
        demand_message(
            Err(message),
            &["byte 0 behind the end of allocation 1 (1024 bytes)"],
        );
    }
}

fn run_async_copy(seed: u64, entry: &str) -> Result<(), String> {
    let device = TestDevice::new(seed);
    let (x, y) = (device.put(&[1.0_f32; 256]), device.fresh::<f32>(64));
    device.run("async_copy.cu", entry, launch_of(1, 64, 1024), &[x, y])
}

/// What a kernel of `order.cu` gives with a seed.
fn ordered(seed: u64, entry: &str) -> Vec<i32> {
    let device = TestDevice::new(seed);
    let (y, ticket) = (device.put(&[0_i32; 256]), device.put(&[0_i32]));
    let run = device.run("order.cu", entry, launch_of(4, 64, 0), &[y, ticket]);
    assert_eq!(run, Ok(()));
    device.get(y, 256)
}

#[test]
fn what_depends_on_order_differs_between_seeds_and_repeats_for_one() {
    if skips_emulator() {
        return;
    }
    for entry in [
        "threads_draw_tickets",
        "threads_draw_tickets_after_barrier",
        "last_block_wins",
    ] {
        let results: Vec<_> = SEEDS.map(|seed| ordered(seed, entry)).collect();
        assert!(results.iter().any(|result| *result != results[0]), "{entry}");
        assert_eq!(ordered(3, entry), results[3], "{entry}");
    }
}

#[test]
fn after_a_failed_launch_the_device_goes_on() {
    if skips_emulator() {
        return;
    }
    let device = TestDevice::new(1);
    let y = device.fresh::<f32>(64);
    for _ in 0..3 {
        let failed = device.run(
            "control.cu",
            "some_threads_end_before_barrier",
            launch_of(1, 64, 0),
            &[y, 0],
        );
        assert!(failed.is_err());
        let run = device.run("warp.cu", "exchange_in_warp", launch_of(1, 64, 256), &[y, 0]);
        assert_eq!(run, Ok(()));
    }
}

#[test]
fn launches_beyond_the_limits_are_refused() {
    if skips_emulator() {
        return;
    }
    let device = TestDevice::new(1);
    let y = device.fresh::<f32>(64);
    let run = |launch: Launch| device.run("warp.cu", "bounded", launch, &[y, pair(7, 0)]);
    let sizes = |grid, block, shared_bytes| Launch {
        grid,
        block,
        shared_bytes,
        time_limit_ms: 0,
    };
    assert_eq!(run(sizes([1, 1, 1], [64, 1, 1], 227 * 1024)), Ok(()));
    for (launch, part) in [
        (
            sizes([0, 1, 1], [64, 1, 1], 0),
            "0 blocks along x, expected 1 to 2147483647",
        ),
        (sizes([1 << 31, 1, 1], [64, 1, 1], 0), "2147483648 blocks along x"),
        (
            sizes([1, 65536, 1], [64, 1, 1], 0),
            "65536 blocks along y, expected 1 to 65535",
        ),
        (sizes([1, 1, 65536], [64, 1, 1], 0), "65536 blocks along z"),
        (
            sizes([1, 1, 1], [1, 1, 65], 0),
            "65 threads along z, expected 1 to 64",
        ),
        // Its __launch_bounds__.
        (
            sizes([1, 1, 1], [65, 1, 1], 0),
            "65 threads in a block, expected 1 to 64",
        ),
        (
            sizes([1, 1, 1], [64, 1, 1], 227 * 1024 + 1),
            "232449 bytes of shared memory, expected 0 to 232448",
        ),
    ] {
        demand_message(run(launch), &["bounded: launched with ", part]);
    }
    let short = device.run("warp.cu", "bounded", launch_of(1, 64, 0), &[y]);
    demand_message(short, &["launched with 8 bytes of arguments, expected 16 to 16"]);
    let large = device.run("warp.cu", "sum_in_warp", launch_of(1, 1025, 0), &[y, 0]);
    demand_message(large, &["1025 threads"]);
}

#[test]
fn correct_uses_of_warps_pass() {
    if skips_emulator() {
        return;
    }
    for seed in SEEDS {
        let device = TestDevice::new(seed);
        let y = device.put(&[-1.0_f32; 96]);
        let run = |entry| device.run("warp.cu", entry, launch_of(1, 96, 96 * 4), &[y, 0]);
        let expected = |of: fn(u32) -> u32| (0..96).map(|i| of(i) as f32).collect::<Vec<_>>();

        assert_eq!(run("exchange_in_warp"), Ok(()));
        assert_eq!(device.get::<f32>(y, 96), expected(|i| (i ^ 2) + (i ^ 3)));
        assert_eq!(run("half_warps_meet"), Ok(()));
        assert_eq!(device.get::<f32>(y, 16), expected(|i| i ^ 1)[..16]);
        assert_eq!(run("sum_in_warp"), Ok(()));
        let sums = device.get::<f32>(y, 96);
        assert!(sums[..32].iter().all(|sum| *sum == 496.0), "{sums:?}");
        assert!(
            sums[64..].iter().all(|sum| *sum == 496.0 + 32.0 * 64.0),
            "{sums:?}"
        );
    }
}
