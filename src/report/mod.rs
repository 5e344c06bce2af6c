//! Rank 2: findings to bytes, pure.
