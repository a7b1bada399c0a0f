use super::collect::Blame;
use super::hit::{Hit, Words};
use crate::model::{Host, Key, Network, Plan};
use crate::rule;

rule! {
    /// A tag is put on twice.
    ///
    /// The NIC of the network is a VLAN interface, by its name or by the Site, and `vlanId` is the same tag again. Frames leave with two tags
    /// of one number, and the switch drops them. Two different tags are `QinQ`, and are not reported.
    ///
    /// ## Example
    /// ```yaml
    /// - {name: lan, type: bridge, physicalInterface: ens160.100, vlanId: 100}
    /// ```
    ///
    /// ## Way out
    /// Delete `vlanId`, or name the NIC itself as `physicalInterface`. If the switch expects both tags, accept it.
    pub(super) TAG_PUT_ON_TWICE = "WK240", "tag-put-on-twice", Warning;
}

pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let hit = |network: &'a Network| {
        let (uplink, tag) = network.hosts.iter().find_map(|host| twice(network, host))?;
        Some(Hit::new(network.at(Key::VlanId), move || {
            let message = format!("VLAN {tag} is put on twice: `{uplink}` is VLAN {tag} already");
            Words::new(message, "delete `vlanId`, or name the NIC itself as `physicalInterface`").about([uplink])
        }))
    };
    plan.networks().filter_map(hit).collect()
}

/// The uplink, and the tag that it puts on as well as the network.
fn twice<'a>(network: &Network, host: &'a Host) -> Option<(&'a str, u16)> {
    let tag = host.vlan.or(network.carrier.tag_above())?;
    let is_twice = host.base.as_ref()?.tag() == Some(tag);
    Some((host.uplink.as_ref()?.name.as_str(), tag)).filter(|_| is_twice)
}
