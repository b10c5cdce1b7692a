/**
 * The class of requests that a new registry begins with: tokens are those of the conversations in the
 * Azure LLM inference traces 2023 (AzurePublicDataset, CC BY 4.0), hours an assumed day.
 */
export const chatClass = {
  id: 'chat',
  name: 'Interactive chat',
  meanInputTokens: 1155,
  promptTokens: [
    111, 197, 258, 379, 392, 400, 408, 452, 908, 1004, 1033, 1058, 1083, 1112, 1155, 1268, 1497,
    2304, 3792, 4281,
  ],
  meanOutputTokens: 211,
  arrivalScv: 1,
  serviceScv: 0.34,
};

/** Share of the day's mean by local hour. */
export const chatHourlyShape = [
  0.4504, 0.3003, 0.2202, 0.1802, 0.1802, 0.2502, 0.4504, 0.7506, 1.1009, 1.4012, 1.5013, 1.5013,
  1.4012, 1.4512, 1.5013, 1.5013, 1.4512, 1.3511, 1.3011, 1.3511, 1.4012, 1.3011, 1.0008, 0.7006,
];
