//! Orders and shards.

use crate::Result;
use crate::campaign::{Order, Shard, Way};

#[test]
fn a_stratified_order_is_a_fair_one() -> Result<()> {
    // Class c has 4 + c images, one class after the other.
    let labels: Vec<usize> = (0..5).flat_map(|class| vec![class; 4 + class]).collect();
    let order = Order::new(Way::Stratified, &labels, 1)?;
    let ids = order.part(0, usize::MAX).to_vec();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..labels.len() as u32).collect::<Vec<_>>());
    // All classes in every turn as long as all have images, in changing order.
    let turns: Vec<Vec<usize>> = ids[..20]
        .chunks(5)
        .map(|turn| turn.iter().map(|&id| labels[id as usize]).collect())
        .collect();
    for turn in &turns {
        let mut classes = turn.clone();
        classes.sort_unstable();
        assert_eq!(classes, [0, 1, 2, 3, 4]);
    }
    assert!(turns.iter().any(|turn| turn != &turns[0]));
    // Not the first of a class first; the same again; another seed, another order.
    assert!(
        ids[..5]
            .iter()
            .any(|&id| id > 0 && labels[id as usize - 1] == labels[id as usize])
    );
    assert_eq!(Order::new(Way::Stratified, &labels, 1)?, order);
    assert_ne!(Order::new(Way::Stratified, &labels, 2)?, order);
    Ok(())
}

#[test]
fn parts_end_where_the_images_do() -> Result<()> {
    let order = Order::new(Way::File, &[0; 6], 0)?;
    assert_eq!(order.part(2, 3), [2, 3, 4]);
    assert_eq!(order.part(4, usize::MAX), [4, 5]);
    assert!(order.part(6, 1).is_empty() && order.part(usize::MAX, 1).is_empty());
    Ok(())
}

#[test]
fn shards_share_all_images() -> Result<()> {
    for images in [0, 1, 7, 12] {
        let mut all: Vec<usize> = (0..3)
            .flat_map(|i| Shard::new(i, 3).map(|s| s.positions(images).collect::<Vec<_>>()))
            .flatten()
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..images).collect::<Vec<_>>());
    }
    assert_eq!("1/3".parse::<Shard>()?, Shard::new(1, 3)?);
    for wrong in ["3/3", "0/0", "1", "a/3", "-1/3", "1/3/5", ""] {
        assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
    }
    Ok(())
}
