//! Audits on ensembles whose right numbers can be worked out.
