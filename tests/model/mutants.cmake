# Each fault is one change of the engine's own source, made in a copy at configure time and linked before the
# engine's library, which then doesn't bring its own. The model tests must find every one. A change whose text
# is not in the source any more stops the configuration: the list is kept true.
add_library(curfew_model_mutant_main OBJECT mutant_main.cpp)
target_include_directories(curfew_model_mutant_main PRIVATE "${CMAKE_SOURCE_DIR}")
target_link_libraries(curfew_model_mutant_main PRIVATE curfew_model_check curfew_settings)
target_compile_options(curfew_model_mutant_main PRIVATE -O2)

set(CURFEW_MUTANTS)
function(curfew_mutant name file from to)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${file}")
  file(READ "${CMAKE_SOURCE_DIR}/${file}" source)
  string(FIND "${source}" "${from}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "mutant ${name}: '${from}' is not in ${file}; choose another text for the same fault")
  endif()
  string(REPLACE "${from}" "${to}" changed "${source}")
  get_filename_component(base "${file}" NAME)
  set(copy "${CMAKE_CURRENT_BINARY_DIR}/mutants/${name}/${base}")
  file(CONFIGURE OUTPUT "${copy}" CONTENT "${changed}" @ONLY)
  add_executable(model_mutant_${name} $<TARGET_OBJECTS:curfew_model_mutant_main> "${copy}")
  target_include_directories(model_mutant_${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(model_mutant_${name} PRIVATE curfew_model_check curfew_settings)
  # What a fault leaves unused is no fault of the source.
  target_compile_options(model_mutant_${name} PRIVATE -O2 -Wno-error)
  add_test(NAME model_mutant_${name} COMMAND model_mutant_${name})
  set_tests_properties(model_mutant_${name} PROPERTIES LABELS model TIMEOUT 600)
endfunction()

curfew_mutant(watermark_ignored core/engine/rules.cpp
  "const Source* on = blocking(session, deadline);" "const Source* on = nullptr; (void)deadline;")
curfew_mutant(idle_by_silence core/engine/commands.cpp
  "blocking(session, idle_at) == nullptr" "true")
curfew_mutant(lateness_forgotten core/engine/sources.cpp
  "Source& Sources::at(model::Symbol name) {" "Source& Sources::at(model::Symbol name) { for (Source& s : all_) s.settings.lateness = Duration{0};")
curfew_mutant(one_source_is_enough core/engine/rules.cpp
  "if (!source->passed(deadline)) return source;" "return source->passed(deadline) ? nullptr : source;")
curfew_mutant(late_activity_moves_back core/session/session.cpp
  "last = std::max(last, at);" "last = at;")
curfew_mutant(late_start_is_ignored core/session/session.cpp
  "at < session.started_at" "false")
curfew_mutant(reopening_is_not_counted core/session/session.cpp
  "++session.corrections;" "")
curfew_mutant(newest_stated_end_wins core/session/session.cpp
  "session.ended_at <= facts.occurred_at) return;" "session.ended_at >= facts.occurred_at) return;")
curfew_mutant(late_activity_excuses_nothing core/engine/rules.cpp
  "gone.push_back(mark.violation);
    mark.violation = 0;
    mark.warned_for" "mark.warned_for")
curfew_mutant(end_frees_no_place core/policy/concurrency.cpp
  "const bool ended = " "const bool ended = false && ")
curfew_mutant(conflicting_names_are_linked core/session/subjects.cpp
  "return Linking::Conflict;" "return Linking::Merged;")
curfew_mutant(snapshot_forgets_deadlines core/engine/snapshot.cpp
  "if (session.queued_at != Time{}) session_deadlines" "if (false) session_deadlines")
curfew_mutant(limits_do_not_wait_for_the_backlog core/engine/rules.cpp
  "if (source.reads_backlog()) {" "if (false) {")
curfew_mutant(unread_ends_are_counted core/engine/event_rules.cpp
  "if (unread != overlap.sessions.end()) {" "if (false) {")
curfew_mutant(backlog_holds_for_ever core/engine/engine.cpp
  "stop_waiting(sources.at(symbols.intern(name)));" "sources.at(symbols.intern(name)).catch_up_by = Time::max();")
curfew_mutant(snapshot_forgets_who_waits core/engine/sources.cpp
  "source.held.insert(r.number());" "(void)r.number();")
curfew_mutant(step_runs_without_intent core/engine/sign_outs.cpp
  "record(model::EntryKind::Intent, std::move(text));" "")
curfew_mutant(inferred_end_is_final core/session/session.cpp
  "infer_end(session, reason, at);" "infer_end(session, reason, at); session.end_certainty = Certainty::Stated;")
curfew_mutant(inferred_end_beats_activity core/session/session.cpp
  "if (session.last_at() > at) return;" "")
curfew_mutant(late_sign_in_takes_nothing_back core/engine/observations.cpp
  "if (predecessor != no_slot) take_over(predecessor, slot);" "")
curfew_mutant(snapshot_forgets_unanswered core/engine/sources.cpp
  "source.unanswered[number] = r.flag();" "(void)r.flag(); (void)number;")
curfew_mutant(late_credentials_excuse_nothing core/engine/observations.cpp
  "is_another || is_fresh || change.ended" "is_another || change.ended")
curfew_mutant(credentials_elsewhere_do_not_count core/engine/resign_in_rules.cpp
  "if (at <= until) fresh" "if (at <= until && other.number == session.number) fresh")
curfew_mutant(every_end_is_a_sign_out core/engine/resign_in_rules.cpp
  "!session::was_signed_out(other)" "other.lives()")
curfew_mutant(enabled_accounts_stay_disabled core/policy/account_changes.cpp
  "standing.erase(of_source)" "(void)of_source")
curfew_mutant(one_unlock_is_enough_for_ever core/engine/resume_rules.cpp
  "(!saw_it_go || known->breached_at >= away)" "true")
curfew_mutant(credentials_beside_do_not_count core/engine/resume_rules.cpp
  "is_fresh_beside(session, at) ||" "")
curfew_mutant(the_same_person_shares_a_device core/engine/device_rules.cpp
  "other.subject_index == session.subject_index" "other.number == session.number")
curfew_mutant(who_left_the_device_is_on_it core/engine/device_rules.cpp
  "if (!other.lives() && other.ended_at <= session.started_at) continue;" "")
curfew_mutant(a_place_closes_once core/engine/rules.cpp
  "return open == Time::max() ? open : hours.first_closed(open);" "(void)open; return Time::max();")
curfew_mutant(clocks_are_not_set_back core/policy/hours.cpp
  "(found == Time::max() || latest)" "((void)latest, found == Time::max())")
curfew_mutant(scopes_are_never_left core/engine/observations.cpp
  "const policy::Candidates& was = book.candidates(class_before);" "const policy::Candidates& was = book.candidates(one.scope_class); (void)class_before;")
curfew_mutant(who_was_active_is_warned core/engine/warnings.cpp
  "due_of(index, session, find_mark(session, index)) == deadline" "due_of(index, session, find_mark(session, index)) >= deadline")
curfew_mutant(who_joins_a_group_is_not_looked_at core/engine/engine.cpp
  "if (subject != no_slot) concerned.insert(subject);" "(void)subject;")
curfew_mutant(a_group_that_becomes_known_frees_nobody core/engine/engine.cpp
  "if (!was_known) {" "if (false && !was_known) {")
curfew_mutant(what_nobody_told_exempts_nobody core/policy/rulebook.cpp
  "    case Match::Unknown:\n      return Match::Unknown;" "    case Match::Unknown:\n      break;")
curfew_mutant(credentials_in_between_are_overlooked core/engine/observations.cpp
  "if (is_fresh) fresh_after_marks(slot, facts.occurred_at);" "")
curfew_mutant(an_interval_outlives_its_session core/engine/rules.cpp
  " || rule == Rule::ReauthenticationInterval" "")
curfew_mutant(credentials_bind_nothing_anew core/engine/binding_rules.cpp
  "if (facts.fresh_credentials) binding.bind_anew(facts.occurred_at);" "")
curfew_mutant(a_binding_is_found_broken_once_for_ever core/engine/binding_rules.cpp
  "const bool is_of_this_one = known->breached_at >= session.last_fresh_at;" "const bool is_of_this_one = true;")
curfew_mutant(older_credentials_excuse_no_change core/engine/observations.cpp
  "if (is_fresh) excuse_bindings(slot, facts.occurred_at);" "")
curfew_mutant(all_sources_see_the_same core/policy/binding.cpp
  "known.bond == bond && known.told_by == told_by" "known.bond == bond")
curfew_mutant(late_sightings_come_last core/policy/binding.cpp
  "std::upper_bound(seen.begin(), seen.end(), one, comes_before)" "seen.end()")
curfew_mutant(machines_are_where_people_are core/engine/binding_rules.cpp
  "if (!session::shows_person(facts)) return binding.varies();" "")
curfew_mutant(snapshot_forgets_bindings core/engine/snapshot.cpp
  "bindings[number].load(r, symbols);" "policy::Binding{}.load(r, symbols);")
