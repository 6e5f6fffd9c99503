//! What happened in an organization, for who administers it. From where anybody else acted stays their own affair.

use crate::audit::{AuditFilter, AuditRow};
use crate::caller::Caller;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::OrganizationId;
use crate::paging::{Page, PageRequest};

impl Vestibule {
    /// A page of an organization's part of the audit log, newest first, for one of its admins.
    pub async fn organization_audit(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<AuditRow>> {
        let mut connection = self.db().read().await?;
        let me = self.admin_of(&mut connection, caller, organization).await?;
        let wanted = AuditFilter { organization: Some(organization), ..AuditFilter::default() };
        let rows = AuditRow::list(&mut connection, &wanted, page).await?;
        Ok(rows.map(|row| row.seen_by_admin(me)))
    }
}
