//! Results do not depend on the order in which threads and blocks run; on a GPU, they repeat from run to run.

use super::mutations::{ATTACK, OPTIMISER, cases_of};
use super::on_device::open_for;
use super::operands::SEEDS;
use crossmax::Result;
use crossmax::device::kernels::signatures;
use crossmax::testing::{Outcome, Place};
use std::collections::BTreeSet;

/// All numbers of an outcome as bits.
fn bits(outcome: &Outcome) -> Result<Vec<u64>> {
    let mut bits = Vec::new();
    for tensor in std::iter::once(&outcome.value).chain(&outcome.gradients) {
        bits.extend(tensor.to_vec()?.iter().map(|value| value.to_bits()));
    }
    Ok(bits)
}

#[test]
fn every_order_gives_the_same_bits() -> Result<()> {
    let sources = signatures().map(|signature| signature.source());
    // Optimisers and attacks have comparisons of their own.
    let of_operations = |source: &&str| ![OPTIMISER, ATTACK].contains(source);
    let sources: BTreeSet<_> = sources.filter(of_operations).collect();
    for source in sources {
        let places = SEEDS.map(|seed| Place::Accelerator(open_for(source, seed)));
        for case in cases_of(source)? {
            let outcome = |place| bits(&case.evaluate::<f32>(place)?);
            let [first, others @ ..] = &places;
            let expected = outcome(first)?;
            for place in others {
                assert_eq!(outcome(place)?, expected, "{}", case.name);
            }
        }
    }
    Ok(())
}
