//! The slow way from bytes to types: what does not fit is taken out, and told.
//!
//! Each pass reads the whole tree and stops at the first fault. What is at fault goes; where
//! something cannot do without it, the next pass stops at that. A fault that many elements of a list
//! have is taken out of all of them at once, so that a change of Discord's costs a large guild the
//! one field, and not the guild.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::{discriminant, take},
};

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::{DecodeError, Deviation};
use crate::component::{holds_components, misfit};

/// Reads what of the payload fits `T`, and tells what does not.
pub(super) fn repair<T: DeserializeOwned>(
    bytes: &[u8],
) -> Result<(T, Vec<Deviation>), DecodeError> {
    let mut repair = Repair {
        tree: from_text(bytes)?,
        ..Repair::default()
    };
    let mut passes = 0;
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(&repair.tree) {
            Ok(value) => {
                // A field that came twice stands in the tree once.
                if repair.told.is_empty()
                    && let Err(error) = from_text::<T>(bytes)
                {
                    repair.told.push(*error.0);
                }
                return Ok((value, repair.told));
            }
            Err(error) => error,
        };
        let fault = Fault::of(error, &repair.tree);
        if fault.steps.is_empty() || passes == PASSES_MAX {
            return Err(DecodeError(Box::new(repair.why(&fault))));
        }
        repair.take_out(&fault);
        passes += 1;
    }
}

/// The most passes over one payload before it counts as malformed.
const PASSES_MAX: usize = 64;

/// So many times a fault is met in a list, each by itself, before it is looked for in all elements.
const ALIKE_AFTER: usize = 4;

fn from_text<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut text = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut text).map_err(DecodeError::from_path)
}

/// A payload, and what was taken out of it so far. Paths tell where something stood as it came.
#[derive(Default)]
struct Repair {
    tree: Value,
    told: Vec<Deviation>,
    /// Why something is gone, by its path: where it is missing, this is the reason.
    causes: BTreeMap<String, Deviation>,
    /// The elements that are gone, by the path of their list.
    gone: BTreeMap<String, BTreeSet<usize>>,
    /// How often a fault was met, whatever the element.
    met: BTreeMap<String, usize>,
}

impl Repair {
    fn take_out(&mut self, fault: &Fault) {
        let met = self.met.entry(fault.whatever_the_element()).or_default();
        *met += 1;
        let reach = if *met > ALIKE_AFTER {
            Reach::Alike
        } else {
            Reach::One
        };
        let mut tree = take(&mut self.tree);
        self.take_out_of(&mut tree, &fault.steps, "", fault, reach);
        self.tree = tree;
    }

    fn take_out_of(
        &mut self,
        node: &mut Value,
        steps: &[Step],
        path: &str,
        fault: &Fault,
        reach: Reach,
    ) {
        match (node, steps) {
            (Value::Object(fields), [Step::Field(key)]) => {
                let is_here = fields.get(key).is_some_and(|value| fault.is_like(value));
                if is_here {
                    fields.remove(key);
                    self.took(join(path, key), fault);
                }
            }
            (Value::Object(fields), [Step::Field(key), rest @ ..]) => {
                if let Some(inner) = fields.get_mut(key) {
                    self.take_out_of(inner, rest, &join(path, key), fault, reach);
                }
            }
            (Value::Array(list), [Step::Element(index)]) => {
                let mut places = self.places(path);
                let (mut now, mut took) = (0, Vec::new());
                list.retain(|element| {
                    let is_here = match reach {
                        Reach::One => now == *index,
                        Reach::Alike => fault.is_like(element),
                    };
                    took.extend(places.next().filter(|_| is_here));
                    now += 1;
                    !is_here
                });
                for place in &took {
                    self.took(format!("{path}[{place}]"), fault);
                }
                self.gone.entry(path.to_owned()).or_default().extend(took);
            }
            (Value::Array(list), [Step::Element(index), rest @ ..]) => {
                let places: Vec<usize> = self.places(path).take(list.len()).collect();
                for (now, (element, place)) in list.iter_mut().zip(places).enumerate() {
                    if now == *index || reach == Reach::Alike {
                        self.take_out_of(element, rest, &format!("{path}[{place}]"), fault, reach);
                    }
                }
            }
            _ => {}
        }
    }

    /// Where the elements that are left of a list stood in it.
    fn places(&self, list: &str) -> impl Iterator<Item = usize> + use<> {
        let gone = self.gone.get(list).cloned().unwrap_or_default();
        (0..).filter(move |place| !gone.contains(place))
    }

    /// Notes that something is gone, and tells it unless it went for what was told already.
    fn took(&mut self, path: String, fault: &Fault) {
        let known = self.cause(&path, fault).cloned();
        let deviation = known.unwrap_or_else(|| {
            let deviation = Deviation {
                path: path.clone(),
                reason: fault.reason.clone(),
            };
            self.told.push(deviation.clone());
            deviation
        });
        self.causes.insert(path, deviation);
    }

    /// Why the whole is refused.
    fn why(&self, fault: &Fault) -> Deviation {
        let path = self.path(&fault.steps);
        self.cause(&path, fault)
            .cloned()
            .unwrap_or_else(|| Deviation {
                path: if path.is_empty() {
                    ".".to_owned()
                } else {
                    path
                },
                reason: fault.reason.clone(),
            })
    }

    /// Why the field is missing that the fault at `path` is about.
    fn cause(&self, path: &str, fault: &Fault) -> Option<&Deviation> {
        self.causes.get(&join(path, fault.missing()?))
    }

    fn path(&self, steps: &[Step]) -> String {
        steps.iter().fold(String::new(), |path, step| match step {
            Step::Field(key) => join(&path, key),
            Step::Element(index) => {
                let place = self.places(&path).nth(*index).unwrap_or(*index);
                format!("{path}[{place}]")
            }
        })
    }
}

/// Whether one element is meant or all that have the same fault.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    One,
    Alike,
}

/// What a pass stopped at.
struct Fault {
    steps: Vec<Step>,
    reason: String,
    /// What stands there.
    value: Value,
}

enum Step {
    Field(String),
    Element(usize),
}

impl Fault {
    fn of(error: serde_path_to_error::Error<serde_json::Error>, tree: &Value) -> Self {
        let mut way = steps(error.path());
        let mut reason = error.into_inner().to_string();
        // Into a component, whose own reader has no path.
        while is_component(&way)
            && let Some(inner) = at(tree, &way).and_then(misfit)
        {
            let deeper = steps(inner.path());
            reason = inner.into_inner().to_string();
            if deeper.is_empty() {
                break;
            }
            way.extend(deeper);
        }
        Self {
            value: at(tree, &way).cloned().unwrap_or_default(),
            steps: way,
            reason,
        }
    }

    /// The field that serde's words say is missing.
    fn missing(&self) -> Option<&str> {
        let field = self.reason.strip_prefix("missing field `")?;
        field.strip_suffix('`')
    }

    /// Whether reading this value there ends in the same words.
    fn is_like(&self, value: &Value) -> bool {
        if let Some(field) = self.missing() {
            value.is_object() && value.get(field).is_none()
        } else if self.reason.starts_with("invalid type") {
            discriminant(value) == discriminant(&self.value)
                && value.is_f64() == self.value.is_f64()
        } else {
            *value == self.value
        }
    }

    fn whatever_the_element(&self) -> String {
        let path = self
            .steps
            .iter()
            .fold(String::new(), |path, step| match step {
                Step::Field(key) => join(&path, key),
                Step::Element(_) => path + "[]",
            });
        format!("{path} {}", self.missing().unwrap_or_default())
    }
}

fn steps(path: &Path) -> Vec<Step> {
    let known = path.iter().map_while(|segment| match segment {
        Segment::Map { key } => Some(Step::Field(key.clone())),
        Segment::Seq { index } => Some(Step::Element(*index)),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    known.collect()
}

fn at<'t>(tree: &'t Value, steps: &[Step]) -> Option<&'t Value> {
    steps.iter().try_fold(tree, |node, step| match step {
        Step::Field(key) => node.get(key),
        Step::Element(index) => node.get(index),
    })
}

fn is_component(steps: &[Step]) -> bool {
    let mut fields = steps.iter().rev().filter_map(|step| match step {
        Step::Field(key) => Some(key),
        Step::Element(_) => None,
    });
    fields.next().is_some_and(|field| holds_components(field))
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
