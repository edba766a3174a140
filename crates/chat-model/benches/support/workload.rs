//! What the benches work on: user data as it is in life, and what changes it.

/// User data as a routing strategy leaves it: about 47 bytes for a pair, some numbers, some null.
pub(crate) fn document(keys: usize) -> String {
    let pairs: Vec<String> = (0..keys)
        .map(|n| {
            let value = match n % 8 {
                0 => n.to_string(),
                1 => "null".to_owned(),
                2 => "\"\"".to_owned(),
                _ => format!("\"Chat distribution {}\"", n % 100),
            };
            format!("\"key.{n:05}.of.the.chat\":{value}")
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// Two requests in turn, so that each finds values other than its own: one pair in the middle of
/// the map, one near its end, of the size of what they replace.
pub(crate) fn patches(keys: usize) -> [String; 2] {
    ["DATA1", "DATA2"].map(|data| {
        format!(
            "{{\"key.{:05}.of.the.chat\":\"{data}\",\"key.{:05}.of.the.chat\":\"Chat {data}\"}}",
            keys / 2 + 3,
            keys - 2
        )
    })
}
