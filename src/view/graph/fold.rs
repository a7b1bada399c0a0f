//! Many of a kind as one box: a picture on paper has room for tens of things, not for thousands.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Thing, ThingKind, Topology};

/// From how many attachments in one place on they are folded.
const FOLD_ABOVE: usize = 8;
/// How many names a folded box tells.
const NAMED: usize = 3;

impl Topology {
    /// The same, where attachments on the same bridges or NICs are one box if they are many, and their virtual machines with them. Those
    /// with findings stay by themselves.
    #[must_use]
    pub fn folded(&self) -> Self {
        let (mut left, mut right) = (vec![Vec::new(); self.nodes.len()], vec![Vec::new(); self.nodes.len()]);
        for (from, to) in &self.edges {
            right[*from].push(*to);
            left[*to].push(*from);
        }
        let is_quiet = |number: usize| self.nodes[number].findings.is_empty();
        let mut crowds: BTreeMap<&[usize], Vec<usize>> = BTreeMap::new();
        for (number, node) in self.nodes.iter().enumerate() {
            let is_folded = node.kind == ThingKind::Attachment && is_quiet(number);
            if is_folded && right[number].iter().all(|machine| is_quiet(*machine)) {
                crowds.entry(&left[number]).or_default().push(number);
            }
        }
        let mut fold_of: HashMap<usize, usize> = HashMap::new();
        let mut folds: Vec<Thing> = Vec::new();
        for crowd in crowds.into_values().filter(|crowd| crowd.len() > FOLD_ABOVE) {
            fold_of.extend(crowd.iter().map(|number| (*number, folds.len())));
            folds.push(self.fold(&crowd, &right));
        }
        // A machine goes with its attachments if all of them are folded.
        let is_gone = |number: usize| {
            let node = &self.nodes[number];
            let on = &left[number];
            let is_machine = node.kind == ThingKind::Vm && is_quiet(number) && !on.is_empty();
            fold_of.contains_key(&number) || (is_machine && on.iter().all(|it| fold_of.contains_key(it)))
        };
        let mut folded = Self { title: self.title.clone(), findings: self.findings.clone(), ..Self::default() };
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let mut fold_numbers: HashMap<usize, usize> = HashMap::new();
        for (number, node) in self.nodes.iter().enumerate() {
            if let Some(fold) = fold_of.get(&number) {
                // The box stands where the first of its crowd would.
                let place = *fold_numbers.entry(*fold).or_insert_with(|| {
                    folded.nodes.push(folds[*fold].clone());
                    folded.nodes.len() - 1
                });
                numbers.insert(number, place);
            } else if !is_gone(number) {
                numbers.insert(number, folded.nodes.len());
                folded.nodes.push(node.clone());
            }
        }
        let edge = |(from, to): &(usize, usize)| Some((*numbers.get(from)?, *numbers.get(to)?));
        let edges: BTreeSet<(usize, usize)> = self.edges.iter().filter_map(edge).collect();
        folded.edges = edges.into_iter().collect();
        folded
    }

    fn fold(&self, crowd: &[usize], right: &[Vec<usize>]) -> Thing {
        let machines: BTreeSet<usize> = crowd.iter().flat_map(|number| right[*number].iter().copied()).collect();
        let name = match (crowd.len(), machines.len()) {
            (attachments, 0) => format!("{attachments} attachments"),
            (_, 1) => "1 virtual machine".to_owned(),
            (_, machines) => format!("{machines} virtual machines"),
        };
        let named = if machines.is_empty() { crowd.to_vec() } else { machines.iter().copied().collect() };
        let mut detail: Vec<String> = named.iter().take(NAMED).map(|number| self.nodes[*number].name.clone()).collect();
        if named.len() > NAMED {
            detail.push(format!("and {} more", named.len() - NAMED));
        }
        Thing { kind: ThingKind::Attachment, name, detail, findings: Vec::new() }
    }
}
