//! What a Wukong costs, stage by stage, and whether the cost grows with their number.
//!
//! `cargo bench --bench pipeline` measures 1,000 and 10,000 Wukongs, `cargo bench --bench pipeline -- 500 50000` other
//! numbers. It never fails on time, because no two machines agree on it: what it shows is the ratio of the cost of one
//! Wukong among few and among many, which must stay about 1. `docs/performance.md` explains the figures.

#![expect(clippy::print_stdout, reason = "the tables are what this program is for")]

use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use wukong_render::base::diagnostic::Findings;
use wukong_render::base::progress::Progress;
use wukong_render::base::report::Report;
use wukong_render::base::rule::Severity;
use wukong_render::io::{self, Inputs, input as files, output as folder};
use wukong_render::lower::{assemble, network, policy, site};
use wukong_render::model::Overrides;
use wukong_render::read::source::{Source, Sources};
use wukong_render::read::{document, load};
use wukong_render::view::emit::{Format, Style};
use wukong_render::view::resolve::resolve;
use wukong_render::write::render;
use wukong_render::write::render::Templates;
use wukong_render::write::tree::{Action, Change};
use wukong_render::{Outcome, Request, check, compile, registry};

/// Three, because the machine's hiccups come singly: the median of three drops one. A hundred thousand take minutes, and are measured
/// once.
fn repetitions(sizes: &[u32]) -> usize {
    if sizes.iter().any(|size| *size > 50_000) { 1 } else { 3 }
}

const SIZES: [u32; 2] = [1_000, 10_000];
/// Enough to see the corpus compile, for `cargo test --all-targets`, which starts this program without `--bench`.
const SMOKE_SIZES: [u32; 2] = [10, 20];
/// The first argument of the processes that this program starts to measure in.
const CHILD: &str = "--child";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [child, mode, input, output] = arguments.as_slice()
        && child == CHILD
    {
        return measure(Mode::named(mode)?, Path::new(input), Path::new(output));
    }
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let mut sizes = Vec::new();
    for argument in arguments.iter().filter(|argument| *argument != "--bench") {
        let size: u32 = argument.parse().with_context(|| format!("{argument} is no number of Wukongs"))?;
        ensure!(size > 0, "a benchmark needs at least one Wukong");
        sizes.push(size);
    }
    if sizes.is_empty() {
        sizes.extend(if is_bench { SIZES } else { SMOKE_SIZES });
    }
    sizes.sort_unstable();
    sizes.dedup();
    compare(&sizes)
}

/// Measures every size, and prints the tables.
fn compare(sizes: &[u32]) -> Result<()> {
    let base = base_folder();
    let folder = tempfile::Builder::new()
        .prefix("wukong-bench-")
        .tempdir_in(&base)
        .with_context(|| format!("no folder can be made in {}", base.display()))?;
    let inputs: Vec<PathBuf> = sizes.iter().map(|size| folder.path().join(format!("in-{size}"))).collect();
    for (size, input) in sizes.iter().zip(&inputs) {
        write_corpus(*size, &input.join(Corpus::Plain.folder()))?;
        write_corpus(*size, &input.join(Corpus::Fleet.folder()))?;
        write_fleet(*size, &input.join(Corpus::Fleet.folder()))?;
        write_flawed_corpus(*size, &input.join(Corpus::Flawed.folder()))?;
    }
    println!(
        "{} bytes a Wukong, {} threads, {} repetitions, in {}",
        wukong(0).len(),
        rayon::current_num_threads(),
        repetitions(sizes),
        base.display()
    );

    let mut rows: Vec<Row> = Vec::new();
    for _ in 0..repetitions(sizes) {
        // Sizes and modes take turns, so that a slow minute of the machine does not fall upon one of them.
        for (place, input) in inputs.iter().enumerate() {
            let output = folder.path().join("out");
            for corpus in [Corpus::Plain, Corpus::Fleet, Corpus::Flawed] {
                for mode in corpus.modes() {
                    if *mode == Mode::Fresh {
                        fs::remove_dir_all(&output)?;
                    }
                    for mut sample in measure_in_child(*mode, &input.join(corpus.folder()), &output)? {
                        sample.label = format!("{}{}", corpus.prefix(), sample.label);
                        add(&mut rows, sample, place, sizes.len());
                    }
                }
                if output.exists() {
                    fs::remove_dir_all(&output)?;
                }
            }
        }
    }
    print!("{}", table("Time", "µs a Wukong", &rows, Unit::Microseconds, sizes));
    print!("{}", table("Memory", "MiB in all", &rows, Unit::Kibibytes, sizes));
    Ok(())
}

/// Where to work. A file system in memory if there is one: a disk's own swings would hide everything else.
fn base_folder() -> PathBuf {
    let shared_memory = Path::new("/dev/shm");
    match std::env::var_os("WUKONG_BENCH_DIR") {
        Some(folder) => folder.into(),
        None if shared_memory.is_dir() => shared_memory.to_owned(),
        None => std::env::temp_dir(),
    }
}

/// What the Wukongs are compiled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Corpus {
    /// Nothing.
    Plain,
    /// A Site with node groups and one policy for each bridge, and the state of a node for every ten Wukongs.
    Fleet,
    /// Nothing, and every fourth Wukong has a mistake that only shows beside the others.
    Flawed,
}

impl Corpus {
    fn modes(self) -> &'static [Mode] {
        match self {
            Self::Plain | Self::Fleet => &[Mode::Stages, Mode::Fresh, Mode::Unchanged],
            Self::Flawed => &[Mode::Findings],
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Fleet => "fleet",
            Self::Flawed => "flawed",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Fleet => "fleet: ",
            Self::Flawed => "flawed: ",
        }
    }
}

/// What one process measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Every stage by itself.
    Stages,
    /// A whole run into a folder that is not there yet.
    Fresh,
    /// A whole run that finds everything as it should be.
    Unchanged,
    /// A whole run that finds conflicts, and prints them.
    Findings,
}

impl Mode {
    const ALL: [Self; 4] = [Self::Stages, Self::Fresh, Self::Unchanged, Self::Findings];

    fn word(self) -> &'static str {
        match self {
            Self::Stages => "stages",
            Self::Fresh => "fresh",
            Self::Unchanged => "unchanged",
            Self::Findings => "findings",
        }
    }

    fn named(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word).with_context(|| format!("{word} is nothing to measure"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Microseconds,
    Kibibytes,
}

/// One figure, for all Wukongs together.
struct Sample {
    unit: Unit,
    label: String,
    value: f64,
}

/// Measures in a process of its own: the kernel keeps one high-water mark of memory for each process, and an allocator that
/// has grown in one run makes the next one look cheap.
fn measure_in_child(mode: Mode, input: &Path, output: &Path) -> Result<Vec<Sample>> {
    let arguments = [OsStr::new(CHILD), OsStr::new(mode.word()), input.as_os_str(), output.as_os_str()];
    let child = Command::new(std::env::current_exe()?).args(arguments).output()?;
    let text = String::from_utf8_lossy(&child.stdout);
    ensure!(child.status.success(), "measuring has failed:\n{text}{}", String::from_utf8_lossy(&child.stderr));
    let sample = |line: &str| {
        let mut fields = line.split('\t');
        let unit = match fields.next()? {
            "time" => Unit::Microseconds,
            "memory" => Unit::Kibibytes,
            _ => return None,
        };
        Some(Sample { unit, label: fields.next()?.to_owned(), value: fields.next()?.parse().ok()? })
    };
    text.lines().map(|line| sample(line).with_context(|| format!("no figure: {line}"))).collect()
}

/// The child's side of [`measure_in_child`].
fn measure(mode: Mode, input: &Path, output: &Path) -> Result<()> {
    match mode {
        Mode::Stages => return measure_stages(input, output),
        Mode::Findings => return measure_findings(input, output),
        Mode::Fresh | Mode::Unchanged => {}
    }
    let is_fresh = mode == Mode::Fresh;
    let started = Instant::now();
    // In here, so that giving the memory back is part of the run, as it is for the command.
    let changes = {
        let progress = Progress::default();
        let request = io::request(&inputs(input, output), None, &progress)?;
        let existing = Some(folder::read(output, &progress)?);
        let Outcome { report, tree, changes, .. } = compile(Request { existing, ..request });
        refuse_errors(&report);
        let tree = tree.context("without an error there is a tree")?;
        if is_fresh {
            folder::write(output, &tree, &changes, &progress, || {})?;
        }
        changes
    };
    say_time(&format!("whole run, {}", mode.word()), started);
    say_memory("VmHWM:", &format!("peak of a whole run, {}", mode.word()));
    refuse_other_changes(&changes, if is_fresh { &Action::Create } else { &Action::Unchanged })
}

fn measure_stages(input: &Path, output: &Path) -> Result<()> {
    let (progress, mut report) = (Progress::default(), Report::default());
    let mut findings = Findings::default();
    let inputs = inputs(input, output);
    fs::create_dir(output)?;

    // What is made once in a run (the compiled schema, the threads) is no stage's own, and no Wukong's.
    let mut few = Sources::default();
    few.add(Source { path: String::new(), label: String::new(), text: wukong(0) });
    let documents = document::parse(&few, load::is_wanted, &progress, &mut findings);
    drop(load::load(documents.objects, &mut findings));
    say_memory("VmRSS:", "before reading");

    let sources = stage("reading", || files::read(&inputs, &progress, &mut findings))?;
    let documents = stage("parsing", || document::parse(&sources, load::is_wanted, &progress, &mut findings));
    let mut objects = stage("checking", || load::load(documents.objects, &mut findings));
    let settings = site::settings(&objects, &Overrides::default(), &mut findings).context("the Site is sound")?;
    let settings = Arc::new(settings);
    let networks = stage("lowering", || network::lower(&mut objects, &settings, &sources, &mut findings));
    let policies =
        stage("policies", || policy::policies(&networks.wukongs, &objects.inventory, &settings, &mut findings));
    let plan = stage("claims", || assemble(objects, networks, policies, Arc::clone(&settings), None));
    stage("rules", || check::check(&plan, std::mem::take(&mut findings), &mut report));
    let templates = Templates::new(Vec::new(), &mut Sources::default(), &mut findings);
    let tree =
        stage("rendering", || render::render(&plan, &[], &settings, &templates, &sources, &progress, &mut findings));
    let look = || anyhow::Ok(tree.changes(&folder::read(output, &progress)?, &progress).0);
    let changes = stage("comparing, folder empty", look)?;
    stage("writing", || folder::write(output, &tree, &changes, &progress, || {}))?;
    let unchanged = stage("comparing, unchanged", look)?;

    refuse_errors(&report);
    refuse_other_changes(&changes, &Action::Create)?;
    refuse_other_changes(&unchanged, &Action::Unchanged)
}

fn measure_findings(input: &Path, output: &Path) -> Result<()> {
    let started = Instant::now();
    let progress = Progress::default();
    let Outcome { report, sources, wukongs, .. } = compile(io::request(&inputs(input, output), None, &progress)?);
    let resolved = stage("positions", || resolve(&report, &sources));
    let style = Style { rules: registry::all(), ..Style::default() };
    let text = stage("as text", || Format::Text.emit(&resolved, &style));
    say_time("whole run with its findings as text", started);
    say_memory("VmHWM:", "peak of a run with findings");
    stage("as JSON", || Format::Json.emit(&resolved, &style));
    stage("as SARIF", || Format::Sarif.emit(&resolved, &style));
    let expected = wukongs / FLAW_PERIOD * 2;
    let found = report.count(Severity::Error);
    // The last, incomplete eight may have one more.
    ensure!((expected..expected + 2).contains(&found), "{found} errors instead of {expected}:\n{text}");
    Ok(())
}

fn stage<T>(label: &str, run: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = run();
    say_time(label, started);
    say_memory("VmRSS:", &format!("after {label}"));
    result
}

fn say_time(label: &str, started: Instant) {
    println!("time\t{label}\t{}", started.elapsed().as_secs_f64() * 1e6);
}

/// Only Linux tells; elsewhere the table has no such row.
fn say_memory(key: &str, label: &str) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes = status.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB"));
    if let Some(kibibytes) = kibibytes {
        println!("memory\t{label}\t{kibibytes}");
    }
}

fn inputs(input: &Path, output: &Path) -> Inputs {
    Inputs { paths: vec![input.to_owned()], output: Some(output.to_owned()), ..Inputs::default() }
}

/// A corpus with an error would stop half-way, and look fast.
fn refuse_errors(report: &Report) {
    let say = |text: String, it: &wukong_render::base::diagnostic::Diagnostic| {
        format!("{text}{} at {:?}: {}\n", it.rule.code, it.place, it.message)
    };
    assert!(!report.has_errors(), "the corpus has errors:\n{}", report.diagnostics().fold(String::new(), say));
}

/// A run that did something else than what is measured would give a figure all the same.
fn refuse_other_changes(changes: &[Change], expected: &Action) -> Result<()> {
    match changes.iter().find(|change| change.action != *expected) {
        Some(change) => bail!("{} is to be {:?}, not {expected:?}", change.path, change.action),
        None => Ok(()),
    }
}

/// The samples of one line of a table, by size.
struct Row {
    unit: Unit,
    label: String,
    samples: Vec<Vec<f64>>,
}

fn add(rows: &mut Vec<Row>, sample: Sample, size: usize, sizes: usize) {
    let Sample { unit, label, value } = sample;
    let known = rows.iter().position(|row| row.unit == unit && row.label == label);
    let index = known.unwrap_or_else(|| {
        rows.push(Row { unit, label, samples: vec![Vec::new(); sizes] });
        rows.len() - 1
    });
    rows[index].samples[size].push(value);
}

fn table(title: &str, subtitle: &str, rows: &[Row], unit: Unit, sizes: &[u32]) -> String {
    let mut out = format!("\n{:<34}", format!("{title}, {subtitle}"));
    for size in sizes {
        let _ = write!(out, "{size:>12}");
    }
    out.push_str("   ratio a Wukong\n");
    for row in rows.iter().filter(|row| row.unit == unit) {
        let _ = write!(out, "{:<34}", row.label);
        let mut each = Vec::new();
        for (samples, size) in row.samples.iter().zip(sizes) {
            let all = median(samples);
            let one = all / f64::from(*size);
            let shown = if unit == Unit::Microseconds { one } else { all / 1024.0 };
            let _ = write!(out, "{shown:>12.1}");
            each.push(one);
        }
        // A stage of nanoseconds has no ratio worth reading, but one of zero has none at all.
        let ratio = each.last().zip(each.first()).map_or(f64::NAN, |(last, first)| last / first);
        let _ = writeln!(out, "{ratio:>17.2}");
    }
    out
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn write_corpus(size: u32, folder: &Path) -> Result<()> {
    for number in 0..size {
        let team = folder.join(team(number));
        fs::create_dir_all(&team)?;
        fs::write(team.join(format!("vm-{number:06}.yaml")), wukong(number))?;
    }
    Ok(())
}

/// Of each eight on a bridge, one has another VLAN and one the address of its neighbour.
fn write_flawed_corpus(size: u32, folder: &Path) -> Result<()> {
    for number in 0..size {
        let team = folder.join(team(number));
        fs::create_dir_all(&team)?;
        let vlan = |number: u32| format!("vlanId: {}\n", 2 + number / 8 % 4_000);
        let host = |number: u32| format!(".{}/", 10 + number % 8);
        let text = match number % 8 {
            3 => wukong(number).replacen(&vlan(number), "vlanId: 4094\n", 1),
            5 => wukong(number).replacen(&host(number), &host(number - 1), 1),
            _ => wukong(number),
        };
        fs::write(team.join(format!("vm-{number:06}.yaml")), text)?;
    }
    Ok(())
}

/// How many Wukongs have two flaws.
const FLAW_PERIOD: usize = 8;

/// The nodes: four a rack, in four groups, with the NICs that the Wukongs name. Every tenth has an address of its own on the NIC
/// that a bridge takes whole, so that all of them get a policy each.
fn write_fleet(size: u32, folder: &Path) -> Result<()> {
    let groups: String = (0..GROUPS)
        .map(|group| format!("    - name: pod-{group}\n      nodeSelector: {{example.org/pod: pod-{group}}}\n"))
        .collect();
    fs::write(folder.join("site.yaml"), format!("{}{groups}", include_str!("site.yaml")))?;
    fs::create_dir_all(folder.join("nodes"))?;
    for number in 0..size.div_ceil(10) {
        let address = format!("[{{ip: 10.255.{}.{}, prefix-length: 16}}]", number / 250, 1 + number % 250);
        let text = include_str!("node.yaml")
            .replace("NODE", &format!("node-{number:05}"))
            .replace("RACK", &(number / 4).to_string())
            .replace("POD", &(number / 4 % GROUPS).to_string())
            .replace("MAC", &format!("{:02x}:{:02x}", number / 256 % 256, number % 256))
            .replace("ADDRESS", if number % 10 == 0 { &address } else { "[]" });
        fs::write(folder.join(format!("nodes/node-{number:05}.yaml")), text)?;
    }
    Ok(())
}

const GROUPS: u32 = 4;

/// The namespace and folder of a Wukong: twenty, however many Wukongs there are.
fn team(number: u32) -> String {
    format!("team-{:02}", number % 20)
}

/// A file as a team would keep it. Eight Wukongs share a VLAN and its bridge and forty a rack, so that bridges and node
/// selectors grow with the Wukongs; the two other bridges are everyone's: a rule that is slow in any of these is seen. No
/// address, name or VLAN clashes.
fn wukong(number: u32) -> String {
    let (vlan_bridge, host) = (number / 8, 10 + number % 8);
    let (uplink, vlan) = (vlan_bridge / 4_000, 2 + vlan_bridge % 4_000);
    let subnet = format!("10.{}.{}", vlan_bridge / 256 % 256, vlan_bridge % 256);
    format!(
        "# vm-{number:06}: application server of {team}.\n{}",
        include_str!("wukong.yaml")
            .replace("NUMBER", &format!("{number:06}"))
            .replace("TEAM", &team(number))
            .replace("UPLINK", &format!("ens{}", 300 + uplink))
            .replace("BRIDGE", &format!("br-v{vlan_bridge}"))
            .replace("VLAN", &vlan.to_string())
            .replace("RACK", &(number / 40).to_string())
            .replace("TAG", &(100 + number % 3_900).to_string())
            .replace("SUBNET", &subnet)
            .replace("HOST", &host.to_string()),
        team = team(number),
    )
}
