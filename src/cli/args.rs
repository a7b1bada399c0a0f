//! What the command line takes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::api::site::Skip;
use crate::read::schema::SchemaKind;
use crate::view::emit::Format;

/// Compile Wukong virtual machines into NMState and Multus manifests, with no cluster at hand
///
/// Reads Wukong files, checks them, and writes NodeNetworkConfigurationPolicies for the nodes and
/// NetworkAttachmentDefinitions for the virtual machines, for Argo CD or Flux to sync. With an error, nothing is written.
///
/// Exit codes: 0 done and clean; 1 findings (any error, or drift with --check); 2 the tool could not do its work.
#[derive(Debug, Parser)]
#[command(
    name = "wukong-render",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "wukong-render [OPTIONS] <IN>... <OUT>\n       wukong-render <COMMAND>",
    after_help = "Examples:\n  \
        wukong-render ./in ./out            render\n  \
        wukong-render --check ./in ./out    fail if the tree is not up to date\n  \
        wukong-render check ./in            check the input, write nothing\n  \
        wukong-render diff ./in ./out       show what a render would change\n  \
        wukong-render graph --as html ./in > topology.html\n  \
        wukong-render explain WK215         what a finding means"
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) render: RenderArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Render manifests (what is done without a command too)
    #[command(override_usage = "wukong-render render [OPTIONS] <IN>... <OUT>")]
    Render(RenderArgs),
    /// Check the input and write nothing
    Check(CheckArgs),
    /// Show what a render would change, as a unified diff; or, with --live, what a cluster has otherwise
    #[command(
        override_usage = "wukong-render diff [OPTIONS] <IN>... <OUT>\n       wukong-render diff --live <DUMP> [OPTIONS] <IN>..."
    )]
    Diff(DiffArgs),
    /// Draw the topology, from the nodes' NICs to the virtual machines, with the findings where they sit
    Graph(GraphArgs),
    /// Print a JSON Schema
    Schema {
        /// Which one
        #[arg(value_enum, default_value_t = SchemaKind::Wukong)]
        name: SchemaKind,
    },
    /// Explain a finding; without a code, list them all
    Explain {
        /// The code (WK215) or the name (bridge-on-nic)
        code: Option<String>,
    },
    /// Run as a KRM function of kustomize or kpt: a ResourceList on standard input, the same with manifests on standard output
    ///
    /// The Site is the functionConfig or an item, everything else is among the items. Exit code 1 if there is an error; the
    /// findings are the list's results, and on standard error.
    Krm(KrmArgs),
    /// Run as Argo CD's config-management plugin (deploy/argocd)
    #[command(subcommand)]
    Argocd(ArgocdCommand),
    /// Print a shell's completion script
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum ArgocdCommand {
    /// Tell whether the folder has a Site, by printing the name of its file
    Discover,
    /// Print the manifests of the folder, by the parameters in `ARGOCD_APP_PARAMETERS`
    Generate,
}

#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// The inputs, then the output: files, folders or `-` (standard input), then a folder or `-` (standard output)
    ///
    /// Folders are read with all below them, hidden entries excepted. On standard output, manifests are one stream.
    // One list, because clap cannot tell the last of two positionals when options stand between them.
    #[arg(value_name = "PATH", required = true, value_hint = clap::ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    /// Render in memory and compare with the output folder: list what is stale, missing or orphaned, and exit with 1
    #[arg(long)]
    pub(super) check: bool,
    /// Render, and exit with 1 if that has changed anything: for pre-commit
    #[arg(long, conflicts_with = "check")]
    pub(super) exit_non_zero_on_change: bool,
    #[command(flatten)]
    pub(super) compile: CompileArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// An export of the cluster's policies and attachments (`kubectl get nncp,net-attach-def -A -o yaml`), to compare with instead of
    /// an output folder: all paths are inputs then; can be repeated
    #[arg(long, value_name = "DUMP", value_hint = clap::ValueHint::AnyPath)]
    pub(super) live: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) render: RenderArgs,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Files, folders, or `-` for standard input
    #[arg(value_name = "IN", required = true, value_hint = clap::ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) compile: CompileArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct KrmArgs {
    /// The NIC for networks that name none, before the Site's [default: ens160]
    #[arg(long, value_name = "NIC")]
    pub(super) default_nic: Option<String>,
    /// Leave out what the cluster has no use for; can be repeated
    #[arg(long, value_name = "KIND", value_enum)]
    pub(super) skip: Vec<Skip>,
    /// Take a list without any Wukong for meant
    #[arg(long)]
    pub(super) allow_empty: bool,
    #[command(flatten)]
    pub(super) levels: LevelArgs,
}

#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// Files, folders, or `-` for standard input
    #[arg(value_name = "IN", required = true, value_hint = clap::ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    /// The kind of picture, which goes to standard output
    #[arg(long = "as", value_name = "KIND", value_enum, default_value_t = Picture::Mermaid)]
    pub(super) picture: Picture,
    #[command(flatten)]
    pub(super) compile: CompileArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Picture {
    /// A flowchart that GitHub and GitLab draw in Markdown
    Mermaid,
    /// Graphviz
    Dot,
    /// A picture for documents
    Svg,
    /// A page of its own, with search; the one for a thousand virtual machines
    Html,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What is rendered")]
pub(super) struct CompileArgs {
    /// The NIC for networks that name none, before the Site's [default: ens160]
    #[arg(long, value_name = "NIC")]
    pub(super) default_nic: Option<String>,
    /// The states of the nodes, as `kubectl get nns -o yaml` prints them, and their labels (`kubectl get nodes -o yaml`): files,
    /// folders or `-`; can be repeated
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    pub(super) inventory: Vec<PathBuf>,
    /// Keep policies that are no longer wanted, in a form that takes their interfaces off the nodes, until their files are deleted
    #[arg(long)]
    pub(super) retire: bool,
    /// Leave out what the cluster has no use for; can be repeated
    #[arg(long, value_name = "KIND", value_enum)]
    pub(super) skip: Vec<Skip>,
    /// A folder with nncp.yaml.j2, nad.yaml.j2 or kustomization.yaml.j2 to use instead of the built-in templates
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(super) templates: Option<PathBuf>,
    /// Do not read what matches, by path below the input folder or by name; can be repeated
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,
    /// Take inputs without any Wukong for meant, and render an empty tree
    #[arg(long)]
    pub(super) allow_empty: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What is reported")]
pub(super) struct OutputArgs {
    /// The format of findings
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
    #[command(flatten)]
    pub(super) levels: LevelArgs,
    /// Print findings only, without the summary; a wait for another run that writes the same folder is told all the same
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Print more: every finding in full, every file that changes, what is accepted and what was passed over
    #[arg(short, long)]
    pub(super) verbose: bool,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What is reported")]
pub(super) struct LevelArgs {
    /// Make an error of a warning, by code or name, or of all of them: `warnings`; can be repeated
    #[arg(long, value_name = "CODE")]
    pub(super) deny: Vec<String>,
    /// Leave a warning a warning when `--deny warnings` makes errors of the others, by code or name; can be repeated
    #[arg(long, value_name = "CODE")]
    pub(super) warn: Vec<String>,
    /// Do not report a warning, by code or name; can be repeated
    ///
    /// To accept it in one Wukong only, annotate that: `accept.render.novasphere.dev/CODE: "why"`. To accept it for the run or for namespaces,
    /// with the reason in Git, list it in the Site's `spec.accept`.
    #[arg(long, value_name = "CODE")]
    pub(super) allow: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
