//! The real nmstate as a judge of desired states. Only the tests that use it include this file: it takes long to link.

use nmstate::NetworkState;
use serde_json::Value;

/// What nmstate says of a desired state: its parser, then the checks that it does before it applies anything.
pub(crate) fn judge(state: &Value) -> Result<(), String> {
    judge_on(state, None)
}

/// The same, on a node that is in the state `current`.
pub(crate) fn judge_on(state: &Value, current: Option<&Value>) -> Result<(), String> {
    let read = |state: &Value| {
        let text = serde_json::to_string(state).map_err(|error| error.to_string())?;
        NetworkState::new_from_json(&text).map_err(|error| error.to_string())
    };
    let current = current.map(read).transpose().map_err(|error| format!("the inventory: {error}"))?;
    read(state)?.validate(current.as_ref()).map_err(|error| error.to_string())
}

/// A state without what nmstate can only judge on a node: a MAC address to copy, a bridge that OVN has, DNS servers without
/// an address here (tried with 2.2.62).
pub(crate) fn without_node(state: &Value) -> Value {
    let mut state = state.clone();
    for interface in state.get_mut("interfaces").and_then(Value::as_array_mut).into_iter().flatten() {
        interface.as_object_mut().expect("an interface is a mapping").remove("copy-mac-from");
    }
    state.as_object_mut().expect("a state is a mapping").remove("ovn");
    state
}
