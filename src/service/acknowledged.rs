//! What people have acknowledged: each time a finding of a version, and with it what stands there. It holds wherever
//! the same stands. Where another value stands at the place, it is asked about again, under an id that names the
//! version, and says what has changed since.

use super::automation::document_of;
use super::offered::asks_the_same;
use super::{App, Principal, Problem, page};
use crate::runtime::clock;
use druse_crystallizer::shown_value;
use druse_engine::check::Catalog;
use druse_engine::subject::{SAID, Subject, Subjects, differences, subject};
use druse_engine::{AutomationId, Finding, Severity};
use druse_storage::{Acknowledgement, Audit, Automation, ReadError, StoreExt as _, Version};
use serde_json::Value;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

/// In which versions findings were acknowledged before that stood beside them, as the audit log tells it.
#[derive(Default)]
pub struct Before(OnceLock<Arc<Told>>);

type Told = HashMap<AutomationId, BTreeMap<String, Vec<u32>>>;

/// How many differences are told.
const TOLD: usize = 3;

/// The most characters of a value that are told.
const SHOWN: usize = 80;

/// What is to be said about a version, and which of it somebody has acknowledged.
#[derive(Debug)]
pub struct Asked {
    /// The findings. One that was acknowledged for something else has an id of its own.
    pub findings: Vec<Finding>,
    /// The ids of those that are acknowledged.
    acknowledged: BTreeSet<String>,
    /// The ids that findings have by their place, by those that they have here.
    renamed: BTreeMap<String, String>,
    /// What findings say by themselves, by their places in the list, where it is more here.
    said: BTreeMap<usize, String>,
    /// The ids of what servers say of their tools now: no look at the document alone finds it again.
    of_tools: BTreeSet<String>,
}

/// What ids that a person gave come to.
#[derive(Debug, Default)]
pub struct Given {
    /// The findings of the version that are acknowledged by them.
    pub findings: Vec<String>,
    /// The ids that acknowledge one.
    pub used: Vec<String>,
    /// The ids that no finding has, by their places among those that were given.
    pub unknown: Vec<usize>,
}

/// What findings of one version are about, by their ids. Several may have one id, and none stands for another.
type About = BTreeMap<String, Vec<Subject>>;

impl Asked {
    /// Those that keep the version from being activated. `given` are ids that are acknowledged now, as
    /// [`App::given`] reads them.
    pub fn blocking(&self, given: &[String]) -> Vec<Finding> {
        let blocks = |finding: &&Finding| {
            if finding.acknowledge {
                !self.is_acknowledged(finding) && !given.contains(&finding.id)
            } else {
                finding.severity == Severity::Error
            }
        };
        self.findings.iter().filter(blocks).cloned().collect()
    }

    /// Whether somebody has acknowledged it as it stands in this version.
    pub fn is_acknowledged(&self, finding: &Finding) -> bool {
        self.acknowledged.contains(&finding.id)
    }

    /// The finding at a place of the list as the version has it, whatever was acknowledged.
    fn original(&self, at: usize, finding: &Finding) -> Finding {
        let mut original = finding.clone();
        if let Some(id) = self.renamed.get(&finding.id)
            && let Some(said) = self.said.get(&at)
        {
            original.id.clone_from(id);
            original.message.clone_from(said);
        }
        original
    }

    /// Gives a finding an id of its own, and says why it is asked about again.
    fn ask_again(&mut self, at: usize, number: u32, about: &str) {
        let Some(finding) = self.findings.get(at) else {
            return;
        };
        let place = finding.id.clone();
        // Another finding may be called just that; a number may have noughts before it.
        let mut digits = number.to_string();
        let taken = |id: &str| {
            let mut here = self.findings.iter().map(|one| &one.id);
            let own = self.renamed.get(id) == Some(&place);
            !own && here.any(|known| known == id) || self.renamed.values().any(|known| known == id)
        };
        while taken(&format!("{place}@{digits}")) {
            digits.insert(0, '0');
        }
        let id = format!("{place}@{digits}");
        if let Some(finding) = self.findings.get_mut(at) {
            finding.id.clone_from(&id);
            let said = std::mem::take(&mut finding.message);
            finding.message = format!("{} {about}", sentence(&said));
            self.said.insert(at, said);
        }
        self.renamed.insert(id, place);
    }

    /// Adds what is said of the version by others.
    pub fn extend(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
    }

    /// Writes down that all of it that has to be is acknowledged.
    pub fn take(&self, who: &Principal, version: &Version, row: &mut Automation) {
        for finding in self.findings.iter().filter(|finding| finding.acknowledge) {
            let id = self.renamed.get(&finding.id).unwrap_or(&finding.id);
            let known = |one: &Acknowledgement| one.finding == *id && one.version == version.number;
            // The same under an earlier version says it already.
            let held = row.acknowledgements.iter().any(|one| one.finding == *id)
                && self.acknowledged.contains(&finding.id);
            if held || row.acknowledgements.iter().any(known) {
                continue;
            }
            row.acknowledgements.push(Acknowledgement {
                finding: id.clone(),
                version: version.number,
                digest: version.digest.clone(),
                by: who.name.clone(),
                at: clock::now(),
            });
        }
    }
}

/// The ids of all that was acknowledged of an automation, each once.
pub fn ids(row: &Automation) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let all = row.acknowledged.iter();
    for id in all.chain(row.acknowledgements.iter().map(|one| &one.finding)) {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    ids
}

impl App {
    /// What is to be said about a version of an automation, and what of it was acknowledged.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn asked(
        &self,
        row: &Automation,
        version: &Version,
        catalog: &Catalog,
    ) -> Result<Asked, ReadError> {
        let mut asked = Asked {
            findings: self.findings(version, catalog)?,
            acknowledged: BTreeSet::new(),
            renamed: BTreeMap::new(),
            said: BTreeMap::new(),
            of_tools: BTreeSet::new(),
        };
        if row.acknowledged.is_empty() && row.acknowledgements.is_empty() {
            return Ok(asked);
        }
        // What other versions say of themselves is read once.
        let mut others: BTreeMap<u32, About> = BTreeMap::new();
        let here = Subjects::of(&version.document);
        for at in 0..asked.findings.len() {
            let Some(finding) = asked.findings.get(at).filter(|one| one.acknowledge) else {
                continue;
            };
            let in_versions = self.acknowledged_in(row, &finding.id)?;
            let Some(newest) = in_versions.last().copied() else {
                if row.acknowledged.contains(&finding.id) {
                    let about = "It was acknowledged before, and nothing says any more for what.";
                    asked.ask_again(at, version.number, about);
                }
                continue;
            };
            if in_versions.contains(&version.number) {
                asked.acknowledged.insert(finding.id.clone());
                continue;
            }
            let now = here.about(finding);
            let mut holds = false;
            for number in in_versions.into_iter().rev() {
                if let Entry::Vacant(slot) = others.entry(number) {
                    slot.insert(self.subjects(row.id, number, catalog)?);
                }
                let then = others.get(&number).and_then(|all| all.get(&finding.id));
                holds = then.is_some_and(|then| then.contains(&now));
                if holds {
                    break;
                }
            }
            if holds {
                asked.acknowledged.insert(finding.id.clone());
                continue;
            }
            let then = others.get(&newest).and_then(|all| all.get(&finding.id));
            // Of several it is the one that is most like it.
            let was = then.and_then(|then| {
                let all = then.iter();
                all.min_by_key(|was| differences(was, &now).len())
            });
            let what = what_changed(&finding.code, was, &now);
            let about = format!("It was acknowledged in version {newest}, and since then {what}.");
            asked.ask_again(at, version.number, &about);
        }
        Ok(asked)
    }

    /// Adds what servers say of the tools that a version calls. It was acknowledged where somebody did so for a call of
    /// the same tool at the same place.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn ask_of_tools(
        &self,
        asked: &mut Asked,
        row: &Automation,
        version: &Version,
        findings: Vec<Finding>,
    ) -> Result<(), ReadError> {
        for finding in findings {
            for one in &row.acknowledgements {
                if one.finding == finding.id
                    && self.calls_the_same(&finding, version, one.version)?
                {
                    asked.acknowledged.insert(finding.id.clone());
                    break;
                }
            }
            asked.of_tools.insert(finding.id.clone());
            asked.findings.push(finding);
        }
        Ok(())
    }

    /// Whether another version calls the same tool at the place of a finding.
    fn calls_the_same(
        &self,
        finding: &Finding,
        version: &Version,
        other: u32,
    ) -> Result<bool, ReadError> {
        if other == version.number {
            return Ok(true);
        }
        let key = Version::key_of(version.automation, other);
        let other = self.store.get::<Version>(&key)?;
        Ok(other.is_some_and(|other| asks_the_same(finding, &version.document, &other.document)))
    }

    /// The findings of a version that somebody acknowledges with these ids: each its own id, or one with `@` and the
    /// number of a version behind it, where that version has the same there.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn given(
        &self,
        asked: &Asked,
        row: &Automation,
        version: &Version,
        ids: &[String],
        catalog: &Catalog,
    ) -> Result<Given, Problem> {
        let mut given = Vec::new();
        let mut used: BTreeSet<&String> = BTreeSet::new();
        let mut not_meant: BTreeSet<&str> = BTreeSet::new();
        // What a version has there is read once.
        let mut read: BTreeMap<u32, About> = BTreeMap::new();
        let findings = asked.findings.iter().enumerate();
        for (at, finding) in findings.filter(|(_, one)| one.acknowledge) {
            let original = asked.original(at, finding);
            let mut now: Option<Subject> = None;
            let mut is_meant = false;
            for id in ids {
                if *id == finding.id {
                    is_meant = true;
                    used.insert(id);
                    continue;
                }
                let seen_as = |name: &str| {
                    let rest = id.strip_prefix(name)?;
                    rest.strip_prefix('@')?.parse::<u32>().ok()
                };
                // Its id here may be written with this version behind it, too.
                let here = || seen_as(&finding.id).filter(|seen| *seen == version.number);
                let Some(seen) = seen_as(&original.id).or_else(here) else {
                    continue;
                };
                // It is what another finding is called, and means that one.
                if asked.findings.iter().any(|one| one.id == *id) {
                    continue;
                }
                let holds = if asked.of_tools.contains(&finding.id) {
                    self.calls_the_same(finding, version, seen)?
                } else {
                    if let Entry::Vacant(slot) = read.entry(seen) {
                        slot.insert(self.subjects(version.automation, seen, catalog)?);
                    }
                    let Some(there) = read.get(&seen).filter(|all| !all.contains_key(id)) else {
                        continue;
                    };
                    let now = now.get_or_insert_with(|| subject(&original, &version.document));
                    let then = there.get(&original.id);
                    then.is_some_and(|then| then.contains(now))
                };
                if holds {
                    is_meant = true;
                    used.insert(id);
                }
            }
            match is_meant {
                true => given.push(finding.id.clone()),
                false => {
                    not_meant.insert(finding.id.as_str());
                }
            }
        }
        // An id that two findings have is given only with both.
        given.retain(|id| !not_meant.contains(id.as_str()));
        let mut unknown = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            if !used.contains(id) && !self.is_known(asked, row, id, &mut read, catalog)? {
                unknown.push(at);
            }
        }
        let used = ids.iter().filter(|id| used.contains(id));
        Ok(Given {
            findings: given,
            used: used.cloned().collect(),
            unknown,
        })
    }

    /// Whether a finding has or had this id: here, in the version whose number stands behind it, or where it was
    /// acknowledged before. What is gone by now needs no acknowledgement, and is no mistake of whoever gives it.
    fn is_known(
        &self,
        asked: &Asked,
        row: &Automation,
        id: &str,
        read: &mut BTreeMap<u32, About>,
        catalog: &Catalog,
    ) -> Result<bool, Problem> {
        let seen = id.rsplit_once('@').and_then(|(name, number)| {
            let number = number.parse::<u32>().ok()?;
            Some((name, number))
        });
        let before = ids(row);
        let is = |name: &str| {
            let mut here = asked.findings.iter();
            here.any(|one| one.id == name)
                || asked.renamed.values().any(|known| known == name)
                || before.iter().any(|known| known == name)
        };
        if is(id) || seen.is_some_and(|(name, _)| is(name)) {
            return Ok(true);
        }
        let Some((name, number)) = seen else {
            return Ok(false);
        };
        if let Entry::Vacant(slot) = read.entry(number) {
            slot.insert(self.subjects(row.id, number, catalog)?);
        }
        Ok(read.get(&number).is_some_and(|all| all.contains_key(name)))
    }

    /// The versions in which a finding was acknowledged, in their order.
    fn acknowledged_in(&self, row: &Automation, id: &str) -> Result<Vec<u32>, ReadError> {
        let stored = row.acknowledgements.iter();
        let mut versions: BTreeSet<u32> = stored
            .filter(|one| one.finding == id)
            .map(|one| one.version)
            .collect();
        if row.acknowledged.iter().any(|known| known == id) {
            let told = self.told_before()?;
            let told = told.get(&row.id).and_then(|all| all.get(id));
            versions.extend(told.into_iter().flatten());
        }
        Ok(versions.into_iter().collect())
    }

    /// What the findings of a version are about.
    fn subjects(
        &self,
        automation: AutomationId,
        number: u32,
        catalog: &Catalog,
    ) -> Result<About, ReadError> {
        let Some(version) = self
            .store
            .get::<Version>(&Version::key_of(automation, number))?
        else {
            return Ok(About::new());
        };
        document_of(&version)?;
        let subjects = Subjects::of(&version.document);
        let mut all = About::new();
        for finding in self.findings(&version, catalog)? {
            if finding.acknowledge {
                let about = subjects.about(&finding);
                all.entry(finding.id).or_default().push(about);
            }
        }
        Ok(all)
    }

    /// What the audit log tells of acknowledgements that were stored without their version. It is read once: no such
    /// one is added any more.
    fn told_before(&self) -> Result<Arc<Told>, ReadError> {
        if let Some(told) = self.before.0.get() {
            return Ok(told.clone());
        }
        let mut told = Told::new();
        for line in page::all::<Audit>(&*self.store, "")? {
            let version = line.details["version"].as_u64();
            let version = version.and_then(|number| u32::try_from(number).ok());
            let (Some(number), Ok(automation)) = (version, line.subject.parse()) else {
                continue;
            };
            if line.action != "automation.activate" {
                continue;
            }
            let ids = line.details["acknowledged"]
                .as_array()
                .into_iter()
                .flatten();
            for id in ids.filter_map(Value::as_str) {
                let all = told.entry(automation).or_default();
                all.entry(id.to_owned()).or_default().push(number);
            }
        }
        Ok(self.before.0.get_or_init(|| Arc::new(told)).clone())
    }
}

fn sentence(message: &str) -> String {
    match message.ends_with(['.', '?', '!']) {
        true => message.to_owned(),
        false => format!("{message}."),
    }
}

/// What has changed of what was acknowledged, for a sentence.
fn what_changed(code: &str, was: Option<&Subject>, now: &Subject) -> String {
    let Some(was) = was else {
        return "what it was about is gone".to_owned();
    };
    let all = differences(was, now);
    // The place says more than the sentence that was made of it.
    let named: Vec<_> = all.iter().filter(|(name, ..)| *name != SAID).collect();
    let told = if named.is_empty() {
        all.iter().collect()
    } else {
        named
    };
    let told = told.into_iter().take(TOLD).map(|(name, was, now)| {
        let part = part(name);
        if code.contains("secret") {
            return format!("{part} became another");
        }
        let key = name.rsplit('/').next().unwrap_or(name);
        let shown = |value: &Option<&Value>| match value {
            None => "nothing".to_owned(),
            // What a line runs says more than what stands around it.
            Some(Value::Array(all)) if *name == "lines" => {
                let lines = all.iter().map(|line| line["with"].clone());
                shown_value(key, &lines.collect(), SHOWN)
            }
            Some(value) => shown_value(key, value, SHOWN),
        };
        let (was, now) = (shown(was), shown(now));
        match was == now {
            // It differs behind what is shown, or in what is not shown.
            true => format!("{part} became another than {was}"),
            false => format!("{part} became {now} and was {was}"),
        }
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What people call a part of what a finding is about.
fn part(name: &str) -> String {
    match name {
        SAID => "what is said of it".to_owned(),
        "/" => "the step".to_owned(),
        "step" => "the step around it".to_owned(),
        "document" => "the document".to_owned(),
        place => format!("`{place}`"),
    }
}
