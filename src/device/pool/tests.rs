//! The pool over a device that only counts.

use super::*;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A device with this much room, whose blocks have addresses of their own.
struct Counting {
    room: Arc<AtomicUsize>,
    next: AtomicU64,
    settled: Arc<AtomicUsize>,
}

struct Block {
    bytes: usize,
    address: u64,
    room: Arc<AtomicUsize>,
}

impl Drop for Block {
    fn drop(&mut self) {
        self.room.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

impl MemorySource for Counting {
    type Block = Block;

    fn reserve(&self, bytes: usize) -> Result<Option<Block>> {
        let take = |room: usize| room.checked_sub(bytes);
        let taken = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        Ok(taken.is_ok().then(|| Block {
            bytes,
            address: self.next.fetch_add(bytes as u64, Ordering::Relaxed),
            room: Arc::clone(&self.room),
        }))
    }

    fn settle(&self) -> Result<()> {
        self.settled.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn lend(&self, block: &Block, bytes: usize) -> Result<DeviceAddress> {
        assert!(bytes <= block.bytes, "{bytes} of {}", block.bytes);
        Ok(DeviceAddress(block.address))
    }

    fn take_back(&self, block: &Block, address: DeviceAddress) {
        assert_eq!(block.address, address.0);
    }
}

/// A pool over a device with `room` bytes; how often it had to wait for the device.
fn pool(room: usize) -> (Arc<Pool<Counting>>, Arc<AtomicUsize>) {
    let (source, settled) = source(room);
    (Pool::new("counting", Some(room), source), settled)
}

fn source(room: usize) -> (Counting, Arc<AtomicUsize>) {
    let settled = Arc::new(AtomicUsize::new(0));
    let source = Counting {
        room: Arc::new(AtomicUsize::new(room)),
        next: AtomicU64::new(1 << 20),
        settled: Arc::clone(&settled),
    };
    (source, settled)
}

#[test]
fn an_exact_pool_asks_the_device_for_just_what_is_asked() -> Result<()> {
    let (source, _) = source(1 << 30);
    let room = Arc::clone(&source.room);
    let pool = Pool::exact("counting", Some(1 << 30), source);
    let first = pool.allocate(1000)?;
    assert_eq!((pool.memory().live, pool.memory().reserved), (1000, 1000));
    let address = first.address();
    drop(first);
    assert_eq!((pool.memory().live, pool.memory().reserved), (0, 0));
    assert_eq!(room.load(Ordering::Relaxed), 1 << 30);
    assert_ne!(pool.allocate(1000)?.address(), address);
    Ok(())
}

#[test]
fn trimming_gives_free_blocks_back_and_waits() -> Result<()> {
    let (pool, settled) = pool(1 << 30);
    let kept = pool.allocate(1024)?;
    drop(pool.allocate(4096)?);
    assert_eq!(pool.memory().reserved, 5120);
    pool.trim()?;
    assert_eq!((pool.memory().reserved, pool.memory().live), (1024, 1024));
    assert_eq!(settled.load(Ordering::Relaxed), 1);
    drop(kept);
    Ok(())
}

#[test]
fn size_classes_waste_little() {
    for bytes in (0..5000).chain((5000..100_000_000).step_by(99_991)) {
        let class = size_class(bytes).unwrap();
        let waste = class - bytes;
        assert!(
            class.is_multiple_of(LEAST_STEP) && class >= bytes,
            "{bytes}: {class}"
        );
        assert!(waste <= LEAST_STEP || waste * CLASSES < bytes, "{bytes}: {class}");
        assert!(waste < MOST_STEP, "{bytes}: {class}");
        assert_eq!(size_class(class), Some(class), "{bytes}");
    }
    let classes = |from: usize, to: usize| {
        let mut sizes: Vec<_> = (from + 1..=to).filter_map(size_class).collect();
        sizes.dedup();
        sizes.len()
    };
    assert_eq!(classes(1 << 16, 1 << 17), CLASSES);
    assert_eq!(size_class(usize::MAX), None);
}

#[test]
fn freed_memory_is_lent_again_and_live_memory_never() -> Result<()> {
    let (pool, _) = pool(1 << 30);
    let first = pool.allocate(1000)?;
    let second = pool.allocate(1000)?;
    assert_ne!(first.address(), second.address());
    let address = first.address();
    drop(first);
    // The same class, though not the same length.
    let third = pool.allocate(900)?;
    assert_eq!((third.address(), third.bytes()), (address, 900));
    let fourth = pool.allocate(1000)?;
    assert!(![second.address(), third.address()].contains(&fourth.address()));
    // Another class.
    drop(fourth);
    let memory = pool.memory();
    let other = pool.allocate(2000)?;
    assert_eq!(other.address().0 % LEAST_STEP as u64, 0);
    assert_eq!(pool.memory().reserved, memory.reserved + 2048);
    Ok(())
}

#[test]
fn memory_is_counted() -> Result<()> {
    let (pool, _) = pool(1 << 30);
    let told = |live, peak, reserved| DeviceMemory {
        live,
        peak,
        reserved,
        total: Some(1 << 30),
    };
    let a = pool.allocate(0)?;
    let b = pool.allocate(1025)?;
    assert_eq!(pool.memory(), told(2048, 2048, 2048));
    drop(b);
    assert_eq!(pool.memory(), told(512, 2048, 2048));
    pool.reset_peak();
    assert_eq!(pool.memory(), told(512, 512, 2048));
    let c = pool.allocate(1500)?;
    assert_eq!(pool.memory(), told(2048, 2048, 2048));
    drop((a, c));
    assert_eq!(pool.memory(), told(0, 2048, 2048));
    Ok(())
}

#[test]
fn a_full_device_gets_free_blocks_back_before_it_is_an_error() -> Result<()> {
    let (pool, settled) = pool(10 << 20);
    let live = pool.allocate(1 << 20)?;
    let freed = pool.allocate(8 << 20)?;
    drop(freed);
    // No block of this class is free, and the rest of the device is too small.
    let large = pool.allocate(9 << 20)?;
    assert_eq!(settled.load(Ordering::Relaxed), 1);
    assert_eq!(pool.memory().reserved, 10 << 20);
    let message = pool.allocate(1).err().map(|error| error.to_string());
    assert_eq!(
        message.as_deref(),
        Some(
            "device counting: allocating 1 bytes failed: the device has no room (10.0 MiB in use, at most 10.0 MiB \
             so far, 10.0 MiB reserved of 10.0 MiB); use smaller batches, or end other programs that use the \
             device's memory"
        )
    );
    drop(large);
    assert!(pool.allocate(usize::MAX).is_err());
    drop(live);
    pool.allocate(10 << 20)?;
    Ok(())
}

#[test]
fn only_its_own_memory_has_an_address() -> Result<()> {
    let ((here, _), (there, _)) = (pool(1 << 20), pool(1 << 20));
    let allocation = here.allocate(8)?;
    let own = here.address_of(&allocation, "copy", "from")?;
    assert_eq!(own, allocation.address());
    let forged = DeviceAllocation::new(own, 8, Box::new(()));
    for refused in [
        there.address_of(&allocation, "copy", "from"),
        here.address_of(&forged, "copy", "from"),
    ] {
        let error = refused.unwrap_err().to_string();
        assert_eq!(
            error,
            "copy: `from` is another device's, expected memory of counting"
        );
    }
    Ok(())
}

#[test]
fn threads_never_share_a_block() {
    let (pool, _) = pool(1 << 30);
    let owned = Mutex::new(std::collections::BTreeSet::new());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (pool, owned) = (&pool, &owned);
            scope.spawn(move || {
                for i in 0..500 {
                    let allocation = pool.allocate(1 + (i * 7 + thread) % 3000).unwrap();
                    let address = allocation.address().0;
                    assert!(owned.lock().unwrap().insert(address), "lent twice");
                    assert!(owned.lock().unwrap().remove(&address));
                    drop(allocation);
                }
            });
        }
    });
    assert_eq!(pool.memory().live, 0);
}
