//! The counters of the host's memory pool. They belong to the whole process, so this file has one
//! test and no neighbours.

use crossmax::autograd::Var;
use crossmax::ops::Conv2d;
use crossmax::tensor::{Tensor, memory_use, release_pool};
use crossmax::{Error, Result};

#[test]
fn memory_is_counted_and_reused() -> Result<()> {
    let before = memory_use();
    assert_eq!((before.live, before.pooled), (0, 0));

    let tensor = Tensor::<f32>::zeros([1 << 20]);
    let bytes = 4 << 20;
    assert_eq!(memory_use().live, bytes);
    let start = tensor.host("test")?.as_ptr();
    let clone = tensor.clone();
    assert_eq!(memory_use().live, bytes, "a clone shares the memory");
    drop((tensor, clone));
    assert_eq!((memory_use().live, memory_use().pooled), (0, bytes));

    let again = Tensor::<f64>::zeros([1 << 19]);
    assert_eq!(again.host("test")?.as_ptr().addr(), start.addr());
    assert_eq!((memory_use().live, memory_use().pooled), (bytes, 0));
    drop(again);

    // A forward and backward pass gives back all it took, and another needs nothing new.
    let pass = || {
        let x = Var::leaf(Tensor::<f32>::full([4, 16, 16, 8], 0.5));
        let w = Var::leaf(Tensor::<f32>::full([8, 3, 3, 8], 0.1));
        let loss = x.conv2d(&w, None, Conv2d::square(1, 1))?.relu()?.mean_all()?;
        loss.backward(None)?;
        Ok::<_, Error>(())
    };
    pass()?;
    let first = memory_use();
    assert_eq!(first.live, 0);
    pass()?;
    let second = memory_use();
    assert_eq!((second.live, second.peak), (0, first.peak));

    release_pool();
    let released = memory_use();
    assert_eq!((released.live, released.pooled), (0, 0));
    assert!(released.peak >= bytes);
    Ok(())
}
