//! Where the boxes of a picture stand: a column for each kind, in the order of the topology, each box as near to its neighbours as
//! the others allow.

use std::collections::HashMap;

use super::{ThingKind, Topology};

/// The distance between boxes of one column, in pixels.
const SPACE: f64 = 14.0;
/// The height of a lane.
const LANE: f64 = 6.0;

/// What stands in a column: a box, or a lane that an edge takes to a column further to the right, so that it does not seem to end
/// at a box that it only passes.
#[derive(Debug)]
pub(super) struct Item {
    /// The node; none for a lane.
    pub(super) node: Option<usize>,
    /// The column.
    pub(super) column: usize,
    /// Its height.
    height: f64,
    /// Its middle, from the top.
    pub(super) centre: f64,
    /// What it leads to in the next column, by numbers of items.
    pub(super) next: Vec<usize>,
    previous: Vec<usize>,
    /// The nodes that a lane leads to.
    targets: Vec<usize>,
}

/// Boxes and lanes, column by column.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The kinds that there are, from left to right.
    pub(super) columns: Vec<ThingKind>,
    /// Everything, in the order of the columns.
    pub(super) items: Vec<Item>,
    /// The height of the whole, in pixels.
    pub(super) height: f64,
}

/// Places the boxes of a topology, whose heights are given.
pub(super) fn layout(topology: &Topology, heights: &[f64]) -> Layout {
    let is_there = |kind: &ThingKind| topology.nodes.iter().any(|node| node.kind == *kind);
    let columns: Vec<ThingKind> = ThingKind::ALL.into_iter().filter(is_there).collect();
    let column_of =
        |node: usize| columns.iter().position(|kind| *kind == topology.nodes[node].kind).unwrap_or_default();
    let mut right: Vec<Vec<usize>> = vec![Vec::new(); topology.nodes.len()];
    for (from, to) in &topology.edges {
        right[*from].push(*to);
    }
    let mut layout = Layout { columns: columns.clone(), ..Layout::default() };
    let mut by_column: Vec<Vec<usize>> = Vec::new();
    let mut lanes: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut arriving: HashMap<usize, Vec<usize>> = HashMap::new();
    for (column, kind) in columns.iter().enumerate() {
        let boxes = (0..topology.nodes.len()).filter(|node| topology.nodes[*node].kind == *kind);
        let mut numbers = Vec::new();
        let mut waiting = std::mem::take(&mut lanes).into_iter().peekable();
        let mut rank = 0;
        for node in boxes {
            let from = arriving.remove(&node).unwrap_or_default();
            rank = from.iter().max().copied().unwrap_or(rank);
            while let Some((source, targets)) = waiting.next_if(|(source, _)| *source < rank) {
                numbers.push(layout.lane(column, source, targets));
            }
            numbers.push(layout.item(column, Some(node), heights[node], from, right[node].clone()));
        }
        for (source, targets) in waiting {
            numbers.push(layout.lane(column, source, targets));
        }
        for number in &numbers {
            let (near, far): (Vec<usize>, Vec<usize>) =
                layout.items[*number].targets.iter().partition(|target| column_of(**target) == column + 1);
            for target in near {
                arriving.entry(target).or_default().push(*number);
            }
            if !far.is_empty() {
                lanes.push((*number, far));
            }
        }
        by_column.push(numbers);
    }
    layout.place(&by_column);
    layout
}

impl Layout {
    fn lane(&mut self, column: usize, source: usize, targets: Vec<usize>) -> usize {
        self.item(column, None, LANE, vec![source], targets)
    }

    fn item(
        &mut self,
        column: usize,
        node: Option<usize>,
        height: f64,
        previous: Vec<usize>,
        targets: Vec<usize>,
    ) -> usize {
        let number = self.items.len();
        for before in &previous {
            self.items[*before].next.push(number);
        }
        self.items.push(Item { node, column, height, centre: 0.0, next: Vec::new(), previous, targets });
        number
    }

    /// The tallest column is stacked without holes; from there to both sides each moves towards the one before.
    fn place(&mut self, by_column: &[Vec<usize>]) {
        let height = |column: &Vec<usize>| column.iter().map(|number| self.items[*number].height + SPACE).sum::<f64>();
        let heights: Vec<f64> = by_column.iter().map(height).collect();
        let Some(tallest) = (0..heights.len()).max_by(|a, b| heights[*a].total_cmp(&heights[*b])) else { return };
        self.settle(&by_column[tallest], |_| &[]);
        for column in by_column[..tallest].iter().rev() {
            self.settle(column, |item| &item.next);
        }
        for column in &by_column[tallest + 1..] {
            self.settle(column, |item| &item.previous);
        }
        let bottom = |item: &Item| item.centre + item.height / 2.0;
        self.height = self.items.iter().map(bottom).fold(0.0, f64::max);
    }

    /// Gives each item the place nearest to the middle of its neighbours that keeps order and distance: items that would overlap
    /// become one run, which takes the mean of their wishes (isotonic regression).
    fn settle(&mut self, column: &[usize], neighbours: impl Fn(&Item) -> &[usize]) {
        struct Run {
            start: usize,
            weight: f64,
            total: f64,
        }
        let mut runs: Vec<Run> = Vec::new();
        let mut top = 0.0;
        let mut stacked = Vec::with_capacity(column.len());
        for (start, number) in column.iter().enumerate() {
            let item = &self.items[*number];
            let centre = top + item.height / 2.0;
            top += item.height + SPACE;
            stacked.push(centre);
            let near = neighbours(item);
            let wishes: f64 = near.iter().map(|number| self.items[*number].centre).sum();
            let mut run = match u32::try_from(near.len()) {
                // Without a wish it follows the others.
                Ok(0) | Err(_) => Run { start, weight: 0.01, total: 0.0 },
                Ok(count) => Run { start, weight: 1.0, total: wishes / f64::from(count) - centre },
            };
            while let Some(before) = runs.pop_if(|before| before.total / before.weight > run.total / run.weight) {
                run = Run { start: before.start, weight: run.weight + before.weight, total: run.total + before.total };
            }
            runs.push(run);
        }
        let ends: Vec<usize> = runs.iter().skip(1).map(|run| run.start).chain([column.len()]).collect();
        for (run, end) in runs.iter().zip(ends) {
            let shift = (run.total / run.weight).round().max(0.0);
            for place in run.start..end {
                self.items[column[place]].centre = stacked[place] + shift;
            }
        }
    }
}
