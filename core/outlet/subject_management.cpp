// What a receiver may say of whom its stream is about (Shared Signals 1.0, section 8.1.3).
#include <algorithm>
#include <utility>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/outlet/receiver_secret.hpp"
#include "core/outlet/receiver_stream.hpp"

namespace curfew::outlet {
namespace {

Reply refusal(std::string detail) { return {.status = 403, .body = {}, .detail = std::move(detail)}; }

std::string new_key() {
  std::array<std::uint8_t, 32> bytes{};
  base::fill_random(bytes);
  return base::to_hex(bytes);
}

}  // namespace

// Of a stream that was given up: of no meaning, and written over by the next.
void ReceiverStream::load_subjects() {
  if (subjects_at_.is_new()) return;
  auto stored = std::make_shared<SubjectList>(subject_list_from_json(subjects_at_.state()));
  if (stored->stream == state_.id) subjects_ = std::move(stored);
}

// With the lock held, when the stream is gone already.
void ReceiverStream::forget_subjects() {
  if (subjects_ == nullptr) return;
  drop_secret(secrets_folder_, subjects_->key_file);
  subjects_.reset();
  try {
    subjects_at_.forget();
  } catch (const Error& error) {
    ground_.log(Severity::Warning,
                "the subjects of the stream that the receiver " + settings_.name +
                    " deleted stay stored, without their key, until it has others: " + error.what());
  }
}

// With the lock held.
SubjectFilter ReceiverStream::filter() const {
  return {state_.default_subjects, subjects_,
          subjects_ == nullptr ? std::string{} : secret_of(secrets_folder_, subjects_->key_file),
          settings_.case_sensitive};
}

Reply ReceiverStream::add_subject(const SubjectBody& body) { return change_subject(body, true); }

Reply ReceiverStream::remove_subject(const SubjectBody& body) { return change_subject(body, false); }

Reply ReceiverStream::change_subject(const SubjectBody& body, bool is_added) {
  const std::lock_guard lock(mutex_);
  if (const auto unknown = stranger(body.stream_id)) return *unknown;
  Reply done{.status = is_added ? 200 : 204, .body = {}, .detail = {}};
  const std::vector<std::string>& told = settings_.telling.formats;
  for (const SubjectIdentifier& one : body.identifiers) {
    if (one.format != "opaque" && std::find(told.begin(), told.end(), one.format) == told.end())
      return refusal(
          "'subject' is of a format that this receiver is not told ('names' in Curfew's "
          "configuration)");
    // It has what is about itself, whatever it has else.
    if (one.format == "opaque" && one.name.value == state_.id)
      return is_added ? done : refusal("the stream itself can't be removed from it");
  }
  SubjectList next = subjects_ == nullptr ? SubjectList{} : *subjects_;
  const bool is_listed = is_added == (state_.default_subjects == DefaultSubjects::None);
  if (subjects_ == nullptr) {
    if (!is_listed) return done;
    next.stream = state_.id;
    // Stays when the database's answer gets lost: the row that names it may be there.
    next.key_file = keep_secret(secrets_folder_, new_key());
  }
  const std::string key = secret_of(secrets_folder_, next.key_file);
  std::vector<Digest16> digests;
  for (const SubjectIdentifier& one : body.identifiers)
    digests.push_back(subject_digest(key, one.name, settings_.case_sensitive));
  const auto is_another = outlet::change(next, digests, is_listed);
  if (!is_another)
    return refusal("this stream has as many subjects as one may have (" + std::to_string(most_subjects) +
                   ")");
  if (!*is_another) return done;
  subjects_at_.move({}, to_json(next));
  ground_.log(Severity::Info, "the receiver " + settings_.name + (is_added ? " added" : " removed") +
                                  " a subject; " + std::to_string(next.listed.size()) + " are " +
                                  (state_.default_subjects == DefaultSubjects::All ? "removed" : "added"));
  subjects_ = std::make_shared<const SubjectList>(std::move(next));
  return done;
}

}  // namespace curfew::outlet
