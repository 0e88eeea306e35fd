//! Many lives of many random documents, each with a name by which it can be lived again.

use super::simpler::simpler;
use crate::plan::Plan;
use crate::testing::{Broken, Coverage, DocumentSpec, Law, Lost, Random, documents, live};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;

/// Lives of each random document.
pub(super) const LIVES_EACH: u64 = 40;
/// How many lives of simpler documents are lived for one that broke a law.
const MOST_TRIES: u64 = 20_000;

/// A life: everything in it follows from these three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) seed: u64,
    pub(super) document: u64,
    pub(super) life: u64,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.seed, self.document, self.life)
    }
}

impl FromStr for Name {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Option<Vec<u64>> = text.split('.').map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            Some([seed, document, life]) => Ok(Self {
                seed: *seed,
                document: *document,
                life: *life,
            }),
            _ => Err(format!("a life is seed.document.life, not {text}")),
        }
    }
}

impl Name {
    fn spec(&self) -> DocumentSpec {
        let mut random = Random::new(self.seed ^ self.document.wrapping_mul(0x9e37_79b9));
        let mut bytes = [7u8; 32];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&random.number().to_le_bytes());
        }
        let config = Config {
            failure_persistence: None,
            ..Config::default()
        };
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(config, random);
        let tree = documents(9).new_tree(&mut runner);
        tree.expect("the strategy refuses nothing").current()
    }

    /// What the life draws its numbers from.
    fn draws(&self) -> u64 {
        let mut random = Random::new(self.seed.rotate_left(32) ^ self.document);
        random.number().wrapping_add(self.life)
    }

    /// The plan of a document as this life has it: every third document has turns that are cut.
    fn plan(&self, spec: &DocumentSpec) -> Arc<Plan> {
        let document = Arc::new(spec.document());
        let mut plan = Plan::compile(document).unwrap_or_else(|findings| panic!("{findings:?}"));
        if self.document.is_multiple_of(3) {
            plan.turn = 1 + (self.document / 3 % 7) as usize;
        }
        Arc::new(plan)
    }

    /// Lives it; the first life of a document is lived twice.
    fn live(&self, plan: &Arc<Plan>) -> Result<Coverage, Box<Lost>> {
        let panicked = |what| Lost {
            broken: Broken {
                law: Law::Sound,
                what,
            },
            story: String::new(),
        };
        let lived = catch_unwind(AssertUnwindSafe(|| {
            let mut report = live(plan, self.draws())?;
            if self.life == 0 {
                let again = live(plan, self.draws())?;
                let same = again.text() == report.text();
                let looked = &mut report.coverage.looked;
                let held = looked.hold(Law::SameBytes, same, || "they differ".into());
                held.map_err(|broken| Lost {
                    broken,
                    story: format!("{}\n\n{}", report.text(), again.text()),
                })?;
            }
            report.coverage.count("life", "lived");
            report.coverage.many("life", "inputs", report.inputs as u64);
            Ok(report.coverage)
        }));
        lived
            .unwrap_or_else(|panic| {
                let said = panic.downcast_ref::<String>().cloned();
                Err(panicked(said.unwrap_or_else(|| "it panicked".into())))
            })
            .map_err(Box::new)
    }
}

/// A life that broke a law.
#[derive(Debug)]
pub(super) struct Caught {
    pub(super) name: Name,
    pub(super) lost: Box<Lost>,
    /// How many lives were lived until then.
    pub(super) lives: u64,
    /// The first of the simplest document that breaks the law as well.
    pub(super) minimal: Option<(DocumentSpec, Box<Lost>)>,
}

/// A plan of a random document.
pub(crate) fn random_plan(seed: u64, document: u64) -> Arc<Plan> {
    let name = Name {
        seed,
        document,
        life: 0,
    };
    name.plan(&name.spec())
}

/// Lives so many lives, with as many threads as there are processors; gives the first that breaks a law.
pub(super) fn hunt(seed: u64, lives: u64) -> Result<Coverage, Box<Caught>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let parts: Vec<_> = std::thread::scope(|scope| {
        let part = |first| scope.spawn(move || stripe(Law::ALL, seed, lives, first, threads));
        let parts: Vec<_> = (0..threads).map(part).collect();
        let parts = parts.into_iter();
        parts
            .map(|part| part.join().expect("it catches panics"))
            .collect()
    });
    let mut coverage = Coverage::default();
    let mut first: Option<Box<Caught>> = None;
    for part in parts {
        match part {
            Ok(seen) => coverage.add(&seen),
            Err(caught) => {
                let earlier = first
                    .as_ref()
                    .is_none_or(|known| caught.lives < known.lives);
                first = if earlier { Some(caught) } else { first };
            }
        }
    }
    first.map_or(Ok(coverage), Err)
}

/// As [`hunt`], for some laws and in this thread: a life that breaks another one is passed over.
pub(super) fn hunt_for(laws: &[Law], seed: u64, lives: u64) -> Result<Coverage, Box<Caught>> {
    stripe(laws, seed, lives, 0, 1)
}

/// Lives those of every `step`th document.
fn stripe(
    laws: &[Law],
    seed: u64,
    lives: u64,
    first: u64,
    step: u64,
) -> Result<Coverage, Box<Caught>> {
    let mut coverage = Coverage::default();
    let documents = first..lives.div_ceil(LIVES_EACH);
    for document in documents.step_by(usize::try_from(step).unwrap_or(1)) {
        let mut name = Name {
            seed,
            document,
            life: 0,
        };
        let plan = name.plan(&name.spec());
        for life in 0..LIVES_EACH.min(lives - document * LIVES_EACH) {
            name.life = life;
            match name.live(&plan) {
                Ok(seen) => coverage.add(&seen),
                Err(lost) if !laws.contains(&lost.broken.law) => {}
                Err(lost) => {
                    return Err(Box::new(Caught {
                        name,
                        lost,
                        lives: document * LIVES_EACH + life + 1,
                        minimal: None,
                    }));
                }
            }
        }
    }
    Ok(coverage)
}

/// Lives one life again.
pub(super) fn again(name: Name) -> Result<Coverage, Box<Caught>> {
    let plan = name.plan(&name.spec());
    name.live(&plan).map_err(|lost| {
        Box::new(Caught {
            name,
            lost,
            lives: 1,
            minimal: None,
        })
    })
}

impl Caught {
    /// Looks for the simplest document of which one of its lives breaks the same law.
    pub(super) fn shrink(mut self) -> Self {
        let law = self.lost.broken.law;
        let mut left = MOST_TRIES;
        let name = self.name;
        let mut breaks = |spec: &DocumentSpec| {
            let plan = name.plan(spec);
            let mut lives = std::iter::once(name.life).chain(0..LIVES_EACH);
            lives.find_map(|life| {
                left = left.checked_sub(1)?;
                let name = Name { life, ..name };
                name.live(&plan).err().filter(|lost| lost.broken.law == law)
            })
        };
        let mut known = name.spec();
        while let Some((spec, lost)) = simpler(&known)
            .into_iter()
            .find_map(|spec| breaks(&spec).map(|lost| (spec, lost)))
        {
            known = spec.clone();
            self.minimal = Some((spec, lost));
        }
        self
    }
}

impl fmt::Display for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.lost.broken)?;
        writeln!(f, "lived again with DRUSE_LIFE={}", self.name)?;
        let Some((spec, lost)) = &self.minimal else {
            return writeln!(f, "{}", self.lost.story);
        };
        let document = serde_json::to_string_pretty(&spec.document()).unwrap_or_default();
        writeln!(f, "the simplest document found:\n{document}")?;
        writeln!(f, "{}\n{}", lost.broken, lost.story)
    }
}
