/* The whole ABI, seen by a C compiler. */
#include "curfew/plugin/abi.h"

int curfew_abi_in_c(const curfew_connector* connector);

int curfew_abi_in_c(const curfew_connector* connector) {
  curfew_observation observation = {0};
  observation.struct_size = (uint32_t)sizeof(observation);
  observation.type = CURFEW_SIGN_IN;
  observation.flags = CURFEW_FLAG_FRESH_CREDENTIALS;
  return connector->struct_size >= sizeof(curfew_connector) && observation.struct_size != 0 &&
                 (connector->capabilities & CURFEW_CAN_OBSERVE) != 0
             ? CURFEW_OK
             : CURFEW_INVALID;
}
