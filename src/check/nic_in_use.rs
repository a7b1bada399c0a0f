use super::blaming::BLAMING;
use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::{Asked, name_nodes, place_in_state, place_of, selected_with, surest};
use crate::model::Plan;
use crate::rule;

rule! {
    /// A NIC is a port of another bridge or bond on a node already.
    ///
    /// A port has one controller. The policy takes the NIC away from the one that it has, and whatever is there loses the network.
    ///
    /// ## Way out
    /// Use another NIC, or the bridge that is there (`bridgeName`). If that one is to go, retire it first, and export the states again.
    pub(super) NIC_IN_USE = "WK229", "nic-in-use", Error, yields_to: &BLAMING;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut hits = Vec::new();
    let mut asked = Asked::new();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        for interface in &policy.desired_state.interfaces {
            let name = interface.name.as_str();
            for port in interface.ports() {
                if port == name || !asked.is_new((port, name), &policy.nodes) {
                    continue;
                }
                let controller = |number: &usize| {
                    let node = plan.inventory.node(*number);
                    let controller = node.interfaces.get(port)?.controller.as_deref()?;
                    // The kernel's name for all that OVS has: its bridges know their ports.
                    let controller = match controller {
                        "ovs-system" => node.bridge_of(port)?,
                        controller => controller,
                    };
                    (controller != name).then_some(controller)
                };
                let taken = selected_with(plan, policy, port).filter(|number| controller(number).is_some()).collect();
                let taken = surest(plan, &policy.nodes, taken);
                let Some((first, other)) = taken.first().and_then(|first| Some((*first, controller(first)?))) else {
                    continue;
                };
                let hit = Hit::new(place_of(policy, port), move || {
                    let nodes = name_nodes(plan, &taken);
                    let place = place_in_state(plan.inventory.node(first), port);
                    Words::new(
                        format!("`{port}` cannot be a port of `{name}`: it is one of `{other}` on {nodes}"),
                        "use another NIC, or the bridge that is there; if that is to go, retire it first",
                    )
                    .with_related(place, format!("a port of `{other}`"))
                    .about([port, name, other])
                });
                hits.push(hit.on_node(plan, &policy.nodes, first));
            }
        }
    }
    hits
}
