//! What is claimed by saying what an interface is.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::api::nmstate::InterfaceIp;
use crate::base::address::net_of;
use crate::base::place::{Origin, Place};
use crate::model::{
    BridgeDefinition, BridgeKind, Claim, Claimant, Claimed, Controller, Definition, Filtering, Holder, Names,
    NodeOwner, NodeSelector, Owner, Wire,
};

/// An interface as somebody states it; what is not said is left out.
#[derive(Default)]
pub(super) struct Stated<'a> {
    pub(super) name: &'a str,
    pub(super) is: Is<'a>,
    pub(super) mtu: Option<u32>,
    pub(super) function_count: Option<u32>,
    pub(super) ipv4: Option<&'a InterfaceIp>,
    pub(super) ipv6: Option<&'a InterfaceIp>,
}

/// What an interface is.
#[derive(Default)]
pub(super) enum Is<'a> {
    /// Something that is there, or of which nothing is known.
    #[default]
    There,
    /// A bridge with these ports, and what they let through.
    Bridge(BridgeKind, Vec<(&'a str, Filtering)>),
    /// A bond of these NICs.
    Bond(&'a [String]),
    /// A VLAN interface.
    Vlan(&'a str, u16),
    /// Something else that is made, by nmstate's word, with its ports.
    Other(&'a str, &'a [String]),
}

/// Who states it.
pub(super) struct Speaker<'a> {
    pub(super) by: Claimant,
    pub(super) nodes: &'a Arc<NodeSelector>,
    pub(super) names: &'a Names,
}

/// Where it is stated: the interface, and below it the keys of nmstate.
pub(super) struct Written<'a> {
    pub(super) origin: &'a Origin,
    /// Whether bonds list their ports at `link-aggregation/port`, each by itself.
    pub(super) lists_ports: bool,
}

impl Written<'_> {
    fn name(&self) -> Place {
        self.origin.at("name")
    }

    fn port(&self, number: usize) -> Place {
        if self.lists_ports {
            self.origin.child("link-aggregation").child("port").child(number).here()
        } else {
            self.name()
        }
    }
}

/// What is claimed by stating an interface.
pub(super) fn claims(stated: &Stated<'_>, written: &Written<'_>, speaker: &Speaker<'_>, claims: &mut Vec<Claim>) {
    let Speaker { by, nodes, names } = speaker;
    let mut claim = |place: Place, what: Claimed, holder: Holder| {
        claims.push(Claim { place, what, holder, nodes: Arc::clone(nodes), by: *by });
    };
    let name = stated.name;
    let addressed = stated.addressed(written.origin);
    let takes =
        |port: &str| (Claimed::Wire(names.wire(port)), Holder::Controller(Controller::Interface(name.to_owned())));
    let is_made = |definition| (Claimed::Interface(name.to_owned()), Holder::Definition(definition));
    match &stated.is {
        Is::There => {}
        Is::Bridge(kind, ports) => {
            let addresses = addressed.iter().map(|(_, address)| *address).collect();
            let wires = ports.iter().filter(|(port, _)| *port != name);
            let wires = wires.map(|(port, filtering)| filtered(names.wire(port), filtering.clone()));
            let (what, holder) = is_made(Definition::Bridge(BridgeDefinition::new(*kind, wires, addresses)));
            claim(written.name(), what, holder);
            for (port, _) in ports.iter().filter(|(port, _)| *port != name) {
                let (what, holder) = takes(port);
                claim(written.name(), what, holder);
            }
        }
        Is::Bond(ports) => {
            let (what, holder) = is_made(Definition::Bond(ports.iter().cloned().collect()));
            claim(written.name(), what, holder);
            for (number, port) in ports.iter().enumerate() {
                let (what, holder) = takes(port);
                claim(written.port(number), what, holder);
            }
        }
        Is::Vlan(base, id) => {
            let wire = names.wire(base).tagged(*id);
            let (what, holder) = is_made(Definition::Vlan(wire.clone()));
            claim(written.name(), what, holder);
            claim(written.name(), Claimed::VlanInterface(wire), Holder::Interface(name.to_owned()));
        }
        Is::Other(word, ports) => {
            let (what, holder) = is_made(Definition::Other((*word).to_owned()));
            claim(written.name(), what, holder);
            for port in *ports {
                let (what, holder) = takes(port);
                claim(written.name(), what, holder);
            }
        }
    }
    if let Some(mtu) = stated.mtu {
        claim(written.origin.at("mtu"), Claimed::Mtu(name.to_owned()), Holder::Number(mtu));
    }
    if let Some(count) = stated.function_count {
        let place = written.origin.at("ethernet/sr-iov/total-vfs");
        claim(place, Claimed::FunctionCount(name.to_owned()), Holder::Number(count));
    }
    let wire = stated.wire(names);
    for (place, address) in addressed {
        let owner = NodeOwner::Selected(Arc::clone(nodes), name.to_owned());
        let holder = Holder::Owner(Owner::Node(owner));
        claim(place.clone(), of_address(&wire, address.addr()), holder);
        claim(place, of_subnet(&wire, address), Holder::Gateway(None));
    }
}

/// A port with what it lets through. On a VLAN interface all frames come without a tag, and get through a plain port as through one that
/// does not filter.
pub(super) fn filtered(wire: Wire, filtering: Filtering) -> (Wire, Filtering) {
    let is_alike = wire.tag().is_some() && filtering == Filtering::Off;
    (wire, if is_alike { Filtering::Plain } else { filtering })
}

pub(super) fn of_address(wire: &Wire, address: IpAddr) -> Claimed {
    Claimed::Address { wire: wire.clone(), address }
}

pub(super) fn of_subnet(wire: &Wire, address: IpNet) -> Claimed {
    Claimed::Subnet { wire: wire.clone(), subnet: address.trunc() }
}

impl Stated<'_> {
    /// The wire that an address there stands on: that of the port, for a bridge.
    fn wire(&self, names: &Names) -> Wire {
        match &self.is {
            Is::Bridge(_, ports) => {
                let port = ports.iter().map(|(port, _)| *port).find(|port| *port != self.name);
                names.wire(port.unwrap_or(self.name))
            }
            Is::Vlan(base, id) => names.wire(base).tagged(*id),
            Is::There | Is::Bond(_) | Is::Other(..) => names.wire(self.name),
        }
    }

    /// The static addresses, each with its place.
    fn addressed(&self, origin: &Origin) -> Vec<(Place, IpNet)> {
        let mut addressed = Vec::new();
        for (key, ip) in [("ipv4", self.ipv4), ("ipv6", self.ipv6)] {
            let list = ip.filter(|ip| ip.enabled && !ip.is_automatic()).map_or(&[][..], |ip| &ip.address);
            for (number, address) in list.iter().enumerate() {
                if let Some(net) = net_of(&address.ip, address.prefix_length) {
                    addressed.push((origin.child(key).child("address").child(number).at("ip"), net));
                }
            }
        }
        addressed
    }
}
