// Which tokens of a person a gate must refuse: those that were issued before the person was signed out of
// everything, blocked or disabled at their issuer. The engine makes it of such a sign-out,
// core/enforcement/gate_view answers by it. Free of personal values.
//
// Threads: values.
#pragma once

#include <string>

#include "core/model/gate.hpp"
#include "core/model/ref.hpp"
#include "core/model/rows.hpp"

namespace curfew::model {

struct TokenDenial {
  std::string source;  // the guarded source whose issuer made them
  Ref person;          // one identifier of the subject
  OrderNumber order = 0;
  Time issued_until{};  // `iat` up to here; epoch: none any more, the sign-out was a mistake
  Refusal refusal = Refusal::Policy;
  friend bool operator==(const TokenDenial&, const TokenDenial&) = default;
};

}  // namespace curfew::model
