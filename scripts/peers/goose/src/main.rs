//! The load of `scripts/compare` on Goose's library: one user class, one GET, no wait time.
//!
//! Takes Goose's own arguments; the path is in `GET_PATH`. Prints one line of JSON: what Goose has
//! counted, and its own percentiles.

use goose::prelude::*;

#[tokio::main]
async fn main() -> Result<(), GooseError> {
    let scenario = scenario!("Get").register_transaction(transaction!(get));
    let metrics = GooseAttack::initialize()?.register_scenario(scenario).execute().await?;
    for one in metrics.requests.values() {
        let requests = one.success_count + one.fail_count;
        let [p50_ms, p99_ms] =
            [0.5, 0.99].map(|share| one.raw_data.percentile_us(share) as f64 / 1e3);
        println!(
            "{{\"requests\":{requests},\"failures\":{},\"p50_ms\":{p50_ms},\"p99_ms\":{p99_ms}}}",
            one.fail_count
        );
    }
    Ok(())
}

async fn get(user: &mut GooseUser) -> TransactionResult {
    let path = std::env::var("GET_PATH").unwrap_or_else(|_| "/".to_owned());
    // The body too, as everybody else reads it; Goose's own clock stops at the head.
    user.get(&path).await?.response?.bytes().await?;
    Ok(())
}
