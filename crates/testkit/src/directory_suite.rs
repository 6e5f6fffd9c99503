//! The suite that every store of the directory passes, unchanged: `directory_suite!(test, open)` makes of each function
//! here a test named like it. `test` is a macro as `db_test!` is; `open` makes a [`Stand`](crate::Stand) of a database.

pub mod life;
pub mod races;
pub mod record;
pub mod refusals;
pub mod sign_in;

/// Every test of the suite, on the stores that `open` gives.
#[macro_export]
macro_rules! directory_suite {
    ($test:path, $open:expr) => {
        $crate::directory_suite!(@each $test, $open;
            life::an_invite_makes_one_member_and_says_so,
            life::a_revoked_key_stays_out_and_a_deleted_one_may_come_again,
            life::a_list_has_everything_once_and_newest_first,
            life::a_registration_goes_on_when_its_caller_leaves,
            life::a_crash_between_claim_and_member_loses_the_invite,
            refusals::what_is_malformed_spends_nothing,
            refusals::a_proof_is_of_these_keys_this_invite_and_this_instance,
            refusals::an_invite_that_is_not_good_says_why,
            refusals::an_invite_is_dead_from_the_moment_it_ends,
            refusals::an_end_that_nobody_can_read_is_over,
            refusals::a_key_or_a_handle_that_is_registered_spends_the_invite,
            refusals::a_used_invite_cannot_be_canceled_and_says_by_whom,
            refusals::only_who_may_changes_the_directory,
            races::one_token_makes_one_member_of_200,
            races::a_handle_and_a_key_are_one_members,
            races::a_cancelation_and_a_registration_never_both_win,
            races::revoking_and_deleting_race_to_one_end,
            record::every_act_is_in_the_log_with_its_outcome,
            record::an_act_has_its_outcome_in_the_log_though_its_caller_left,
            sign_in::a_wallet_signs_in_and_its_token_says_who_it_is,
            sign_in::a_nonce_is_good_once_for_one_key_and_for_a_minute,
            sign_in::unknown_revoked_and_deleted_are_refused_alike,
            sign_in::a_token_is_worth_nothing_once_its_member_is_gone,
            sign_in::neither_kind_of_token_passes_for_the_other,
        );
    };
    (@each $test:path, $open:expr; $($room:ident :: $name:ident),* $(,)?) => { $(
        $test!($name, |db: $crate::TestDb| async move {
            $crate::directory_suite::$room::$name(&$open(db).await).await;
        });
    )* };
}
