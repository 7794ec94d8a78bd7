// The transmitter of Shared Signals (OpenID Shared Signals 1.0): its metadata, its keys, and the streams of
// its receivers.
//
//   outlet::Transmitter transmitter(ground, knowledge, settings);
//   transmitter.start();
//   outlet::Reply reply = transmitter.answer({.what = Call::Poll, .token = "crm", .stream = id, .body = …});
//   transmitter.committed();                 // the ledger has grown
//   transmitter.stop();
//
// Threads: answer and committed from any, the rest from one. Owns: keys and streams with their threads.
// Fails: the constructor throws Error(Configuration) for keys; answer Error(Unavailable) while the database
// is away.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/outlet/receiver_stream.hpp"

namespace curfew::outlet {

struct TransmitterSettings {
  std::string issuer;
  std::string keys_folder;
  std::string secrets_folder;
  KeyTerms keys;
  DefaultSubjects default_subjects = DefaultSubjects::All;  // the receivers' too
  std::vector<ReceiverSettings> receivers;
};

enum class Call : std::uint8_t {
  Metadata,
  Keys,
  CreateStream,
  ReadStream,
  UpdateStream,
  ReplaceStream,
  DeleteStream,
  ReadStatus,
  SetStatus,
  Verify,
  AddSubject,
  RemoveSubject,
  Poll,
};

struct Question {
  Call what = Call::Metadata;
  std::string token;   // name of the token that was shown; of Metadata and Keys: none
  std::string stream;  // id of it, where that is no part of the body; empty: not said
  std::string body;
};

class Transmitter {
 public:
  Transmitter(Ground ground, Knowledge knowledge, TransmitterSettings settings);
  ~Transmitter();
  Transmitter(const Transmitter&) = delete;
  Transmitter& operator=(const Transmitter&) = delete;

  void start();
  void stop();
  void committed();
  // Keys are renewed when it is time for it; cheap when it isn't.
  void look_at_keys();
  Reply answer(const Question& question);

 private:
  [[nodiscard]] std::string metadata() const;
  [[nodiscard]] ReceiverStream* stream_of(const std::string& token) const;
  Reply manage(ReceiverStream& stream, const Question& question);

  const Ground ground_;
  const Knowledge knowledge_;
  const TransmitterSettings settings_;
  SigningKeys keys_;
  Time keys_looked_at_{};
  std::vector<std::unique_ptr<ReceiverStream>> streams_;
};

// Below the issuer.
inline constexpr std::string_view metadata_path = "/.well-known/ssf-configuration";
inline constexpr std::string_view keys_path = "/signals/jwks.json";
inline constexpr std::string_view stream_path = "/signals/stream";
inline constexpr std::string_view status_path = "/signals/status";
inline constexpr std::string_view verification_path = "/signals/verify";
inline constexpr std::string_view add_subject_path = "/signals/subjects/add";
inline constexpr std::string_view remove_subject_path = "/signals/subjects/remove";

}  // namespace curfew::outlet
