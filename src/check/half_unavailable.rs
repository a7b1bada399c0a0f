use super::collect::Blame;
use super::hit::{Hit, Words};
use super::nodes::place_in_state;
use crate::api::site::IntOrPercent;
use crate::model::{Plan, Policy};
use crate::rule;

rule! {
    /// The Site's `maxUnavailable` lets half of a policy's nodes, or more, change at once.
    ///
    /// kubernetes-nmstate applies a policy to that many nodes at a time. A share is rounded up: `50%` of three nodes are two
    /// (kubernetes-nmstate, `pkg/node/nodes.go`). If the change takes the nodes off the network, that many are off until it is rolled back. The
    /// inventory shows how many nodes the policy has, and that they are reached through an interface that it changes. Reported once for a
    /// run, and only if the Site sets `maxUnavailable`. Of two nodes, one is the least that can be set.
    ///
    /// ## Way out
    /// Set `maxUnavailable: 1`, or a share that is less than half of the smallest policy.
    pub(super) HALF_UNAVAILABLE = "WK249", "half-unavailable", Warning, inventory: Needed;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let (Some(stated), Some(origin)) = (plan.settings.site.max_unavailable(), &plan.settings.origin) else {
        return Vec::new();
    };
    let too_many = |policy: &'a Policy| {
        let count = policy.nodes.nodes.len() + policy.nodes.stateless;
        let at_once = at_once(stated, count);
        // Of two nodes, one is the least that there is.
        let is_half = policy.nodes.is_certain && at_once > 1 && at_once * 2 >= count;
        let (number, interface) = is_half.then(|| depended_on(plan, policy)).flatten()?;
        Some((policy, at_once, count, number, interface))
    };
    let Some((policy, at_once, count, number, interface)) = plan.policies.iter().find_map(too_many) else {
        return Vec::new();
    };
    vec![Hit::new(origin.at("policy/maxUnavailable"), move || {
        let node = plan.inventory.node(number);
        let value = match stated {
            IntOrPercent::Int(number) => number.to_string(),
            IntOrPercent::Percent(share) => share.clone(),
        };
        Words::new(
            format!(
                "`maxUnavailable: {value}` lets {at_once} of the {count} nodes of `{}` change `{interface}` at once, and they are reached through it",
                policy.name
            ),
            "set `maxUnavailable: 1`",
        )
        .with_related(place_in_state(node, interface), format!("`{}` is reached here", node.name))
        .about([interface])
    })]
}

/// How many nodes kubernetes-nmstate changes at a time: a share is rounded up, and it is one at least (`pkg/node/nodes.go`,
/// `ScaledMaxUnavailableNodeCount`).
fn at_once(stated: &IntOrPercent, count: usize) -> usize {
    let number = match stated {
        IntOrPercent::Int(number) => usize::try_from(*number).unwrap_or(usize::MAX),
        // What is not a share is taken for the default, half of them.
        IntOrPercent::Percent(share) => {
            let share = share.strip_suffix('%').and_then(|it| it.parse::<usize>().ok()).unwrap_or(50);
            share.saturating_mul(count).div_ceil(100)
        }
    };
    number.clamp(1, count.max(1))
}

/// An interface that a policy changes, or takes as a port, and a node that is reached through it.
fn depended_on<'a>(plan: &'a Plan, policy: &'a Policy) -> Option<(usize, &'a str)> {
    policy.desired_state.interfaces.iter().find_map(|interface| {
        let ports = interface.ports().into_iter().filter(|port| *port != interface.name);
        let mut names = std::iter::once(interface.name.as_str()).chain(ports);
        names.find_map(|name| {
            let mut numbers = policy.nodes.nodes.iter().copied();
            let number = numbers.find(|number| plan.inventory.node(*number).depends_on(name))?;
            Some((number, name))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_up() {
        let share = |text: &str, count| at_once(&IntOrPercent::Percent(text.to_owned()), count);
        assert_eq!((share("50%", 3), share("50%", 4), share("30%", 3), share("10%", 5)), (2, 2, 1, 1));
        assert_eq!((share("0%", 5), share("100%", 5), share("67%", 6)), (1, 5, 5));
    }

    #[test]
    fn numbers_are_numbers_of_nodes() {
        let number = |number, count| at_once(&IntOrPercent::Int(number), count);
        assert_eq!((number(1, 4), number(3, 4), number(9, 4)), (1, 3, 4));
    }
}
