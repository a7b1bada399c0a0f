use super::nodes::{Asked, name_nodes, on_nodes, place_in_state, place_of, selected_with};
use crate::base::diagnostic::{Diagnostic, Report};
use crate::model::Plan;
use crate::rule;

rule! {
    /// A NIC is a port of another bridge or bond on a node already.
    ///
    /// A port has one controller. The policy takes the NIC away from the one that it has, and whatever is there loses the network.
    ///
    /// ## Way out
    /// Use another NIC, or the bridge that is there (`bridgeName`). If that one is to go, retire it first, and export the states again.
    pub(super) NIC_IN_USE = "WK229", "nic-in-use", Error;
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut asked = Asked::default();
    for policy in plan.policies.iter().filter(|policy| !policy.nodes.nodes.is_empty()) {
        for interface in &policy.desired_state.interfaces {
            for port in interface.ports() {
                if port == interface.name || !asked.is_new(format!("{port} of {}", interface.name), &policy.nodes) {
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
                    (controller != interface.name).then_some(controller)
                };
                let taken: Vec<usize> =
                    selected_with(plan, policy, port).filter(|number| controller(number).is_some()).collect();
                let Some((first, other)) = taken.first().and_then(|first| Some((*first, controller(first)?))) else {
                    continue;
                };
                let message = format!(
                    "`{port}` cannot be a port of `{}`: it is one of `{other}` on {}",
                    interface.name,
                    name_nodes(plan, &taken)
                );
                let help = "use another NIC, or the bridge that is there; if that is to go, retire it first";
                let place = place_in_state(plan.inventory.node(first), port);
                let diagnostic = Diagnostic::new(&NIC_IN_USE, place_of(policy, port), message, help)
                    .with_related(place, format!("a port of `{other}`"));
                on_nodes(diagnostic, &policy.nodes, report);
            }
        }
    }
}
