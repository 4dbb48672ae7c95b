//! From a template with blanks to a plan.

use std::borrow::Cow;
use std::sync::Arc;

use super::equipped::Equipped;
use super::error::BindError;
use super::fill::{Blanks, Purpose};
use super::join::arrange;
use super::value::{Value, Values};
use crate::plan::packed::packed;
use crate::plan::{Filled, Packed, Plan, Template};

/// A template whose values come later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenTemplate {
    /// The template, with blanks in it.
    pub template: Template,
    /// What hangs on values.
    pub open: Blanks,
}

packed! { struct OpenTemplate { template, open } }

impl OpenTemplate {
    /// The plan with these values.
    ///
    /// ```
    /// use qemu_dsl::bind::{Size, Value};
    /// use qemu_dsl::{Options, Open};
    ///
    /// let text = "param ram: size\nparam image: path\nmemory {ram}\ndisk file={image} format=raw";
    /// let options = Options { open: Open::Parameters, ..Options::default() };
    /// let template = qemu_dsl::compile(text, &options).open.unwrap();
    /// for number in 0..3 {
    ///     let image = format!("/srv/{number}.img");
    ///     let plan = template.bind_named(&[("ram", Value::from(Size::gib(2))), ("image", Value::from(image))]).unwrap();
    ///     assert_eq!(plan.args().nth(1).unwrap(), "2G");
    /// }
    /// assert!(template.bind_named(&[("ram", Value::from("lots")), ("image", "/x".into())]).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// Where a parameter has no value, a value isn't what its place wants, or values don't go together: all of it.
    pub fn bind_named(&self, values: &[(&str, Value)]) -> Result<Plan, BindError> {
        let values = self.open.named(values, &self.template.places);
        self.bind(&values)
    }

    /// The plan with a value for each hole, in their order.
    ///
    /// # Errors
    ///
    /// As of [`Self::bind_named`].
    pub fn bind(&self, values: &Values) -> Result<Plan, BindError> {
        Ok(self.planned(self.filled(values)?, values).0)
    }

    /// The plan with a value for each hole, in their order, and with the file descriptors among them.
    ///
    /// # Errors
    ///
    /// As of [`Self::bind_named`], and where file descriptors are too many or too few. They are closed then.
    pub fn equip(&self, values: Values) -> Result<Equipped<'static, Plan>, BindError> {
        let (plan, lines) = self.planned(self.filled(&values)?, &values);
        Ok(Equipped::new(Cow::Owned(plan), values.into_fds(&lines)))
    }

    /// The plan, and the lines of the table for which there are file descriptors.
    fn planned(&self, mut filled: Filled<'_>, values: &Values) -> (Plan, Vec<(u32, u32)>) {
        let plan = if filled.needs.is_empty() {
            Plan::filled(&self.template, &filled)
        } else {
            let mut template = self.template.clone();
            arrange(&mut template, &filled.needs);
            filled.lines = self.open.lines_of(values, &template.fds, &filled);
            Plan::filled(&template, &filled)
        };
        (plan, filled.lines)
    }

    fn filled<'v>(&'v self, values: &'v Values) -> Result<Filled<'v>, BindError> {
        let Template { ids, fds, places, .. } = &self.template;
        self.open.fill(values, ids, fds, places, Purpose::Plan)
    }

    /// Says which file the text is from, as [`Template::in_file`] does.
    #[must_use]
    pub fn in_file(self, file: impl Into<Arc<str>>) -> Self {
        Self { template: self.template.in_file(file), ..self }
    }
}

/// For `vm!`: that the value is there is not to be proven at each.
impl Packed<OpenTemplate> {
    /// The plan with a value for each hole, in their order.
    ///
    /// # Errors
    ///
    /// As of [`OpenTemplate::bind_named`].
    pub fn bind(&self, values: &Values) -> Result<Plan, BindError> {
        OpenTemplate::bind(self, values)
    }

    /// The plan with a value for each hole, in their order, and with the file descriptors among them.
    ///
    /// # Errors
    ///
    /// As of [`OpenTemplate::equip`].
    pub fn equip(&self, values: Values) -> Result<Equipped<'static, Plan>, BindError> {
        OpenTemplate::equip(self, values)
    }
}
